/** What a script learns from the command. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  /** 128 and the number of the signal, as of commands that a signal ended. */
  interrupted: 130,
  pipeClosed: 141,
  terminated: 143,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
