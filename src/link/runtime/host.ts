import type { Duplex } from 'node:stream'
import type { FromChild, ToChild } from '../protocol.js'

/** What hosts a child of a link: a process or a thread. A link knows no other difference. */
export interface Host {
  /** Carries data both ways, in order. */
  readonly data: Duplex
  /** How it is shown. */
  readonly where: { readonly pid?: number; readonly threadId?: number }
  /** Control: what need not wait behind data. */
  tell(message: ToChild): void
  /** Asks it to end, waits, then kills it. Resolves when it is gone, which is no `exited` then. */
  end(): Promise<void>
  /** It does not answer: nothing is asked any more. */
  kill(): void
}

export interface HostEvents {
  /** It has gone, though nobody asked it to, and everything that it said has been read. */
  exited(why: string): void
  /** It has answered a ping. */
  pong(): void
  /** One of the links that share it has said something. */
  member?(number: number, message: FromChild): void
}

/** What is foreign is ignored. */
export function hear(message: FromChild | null | undefined, events: HostEvents): void {
  if (message?.queuelink === 'pong') events.pong()
  if (message?.queuelink === 'member') events.member?.(message.member, message.message)
}

/** Throws if it cannot be started. */
export type StartHost = (events: HostEvents) => Host
