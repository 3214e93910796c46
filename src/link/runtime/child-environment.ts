import process from 'node:process'

/**
 * The environment of a child. Node reads the certificates that NODE_EXTRA_CA_CERTS names when it starts, and with them those that
 * it has built in, which takes longer than all else that it starts with. Only what is not ours needs them: steps, and what
 * NODE_OPTIONS preloads. A link's own connections are not encrypted: a descriptor carries no certificates.
 */
export function childEnvironment(runsSteps: boolean): NodeJS.ProcessEnv {
  if (runsSteps || process.env.NODE_OPTIONS) return process.env
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
  return rest
}
