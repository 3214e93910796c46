import { QueueLinkError } from '../errors/queue-link-error.js'

/** The part of Standard Schema v1 (zod, valibot, arktype …) that checking needs. https://standardschema.dev */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** Answers the value as the schema passes it on. Throws ERR_SCHEMA with every issue when it does not fit. */
export function checked<T>(schema: StandardSchema<T>, value: unknown): T {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    throw new QueueLinkError('the schema checks asynchronously; a queue needs one that answers at once', 'ERR_SCHEMA')
  }
  if (result.issues) {
    const issues = result.issues.map(issue => issue.message).join('; ')
    throw new QueueLinkError(`the item does not fit the queue's schema: ${issues}`, 'ERR_SCHEMA')
  }
  return result.value
}
