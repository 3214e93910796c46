import { type Message, protocolError } from '../../core/wire.js'

// What a host and its clients say to each other, after the hello. A frame is a list of these. Unknown ones are an error.

export type ToHost =
  /** Stored together or not at all. The numbers of one client grow by one, and are never used again. */
  | {
      readonly type: 'put'
      readonly number: number
      readonly parcel: Uint8Array
      readonly priority: number
      /** Ms from now. */
      readonly delay: number
    }
  /** Gives up a put that is not stored yet. */
  | { readonly type: 'withdraw'; readonly number: number }
  /** Of items, that many more than the `seen` ones that came over this connection; and what else is waited for. */
  | {
      readonly type: 'want'
      readonly items: number
      readonly seen: number
      readonly room: boolean
      readonly rest: boolean
    }
  /** `handed` are those that user code was given and has not settled. */
  | {
      readonly type: 'settle'
      readonly acked: readonly number[]
      readonly back: readonly GivenBack[]
      readonly handed: readonly number[]
    }
  | { readonly type: 'ask'; readonly number: number; readonly what: Question; readonly parcel?: Uint8Array }
  | { readonly type: 'pong' }

export type GivenBack = readonly [id: number, attempt: number, delay: number]

/** `clear` ends the queue at once; `bury` puts the parcel into the dead-letter queue. */
export type Question = 'refresh' | 'stat' | 'shutdown' | 'reopen' | 'clear' | 'bury'

export type ToClient =
  | Welcome
  /** Leases, numbered from `first` on: their places in line, and how often each was handed over (0: none was). */
  | {
      readonly type: 'items'
      readonly first: number
      readonly parcel: Uint8Array
      readonly seqs: readonly number[]
      readonly attempts: readonly number[] | 0
    }
  /** Every put up to this number is stored, unless it was said to have failed. */
  | { readonly type: 'stored'; readonly number: number }
  | { readonly type: 'failed'; readonly number: number; readonly error: unknown }
  | Standing
  /** Some of an answer that takes several frames. */
  | { readonly type: 'part'; readonly number: number; readonly parcel: Uint8Array }
  | { readonly type: 'answer'; readonly number: number; readonly value?: unknown; readonly error?: unknown }
  /** An item cannot be brought here. */
  | { readonly type: 'undeliverable'; readonly error: unknown }
  | { readonly type: 'ping' }
  /** The host lets go of the connection; `retry`: another one may be had later. */
  | { readonly type: 'bye'; readonly error: unknown; readonly retry: boolean }

export interface Welcome {
  readonly type: 'welcome'
  readonly name: string
  readonly kind: string
  readonly capacity: number
  readonly byteCapacity: number
  readonly joinable: boolean
  readonly maxAttempts: number
  readonly deadLetter: boolean
  readonly priorities: boolean
  readonly keys: boolean
  /** Every put up to this number is stored already, or was refused. */
  readonly stored: number
  /** Bytes of a frame, at most. */
  readonly frameLimit: number
  /** Ms without a word after which each end gives the other up. */
  readonly deadline: number
}

/** How full the queue is, as of the client's frame number `seen`. */
export interface Standing {
  readonly type: 'standing'
  readonly seen: number
  readonly ready: number
  readonly delayed: number
  readonly leased: number
  readonly shut: boolean
  readonly full: boolean
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isTime = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0
const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value)
const isFlag = (value: unknown): boolean => typeof value === 'boolean'
const isBytes = (value: unknown): boolean => value instanceof Uint8Array
const isOptionalBytes = (value: unknown): boolean => value === undefined || isBytes(value)
const isCounts = (value: unknown): boolean => Array.isArray(value) && value.every(isCount)
const isGivenBack = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 3 && isCount(value[0]) && isCount(value[1]) && isTime(value[2])
const areGivenBack = (value: unknown): boolean => Array.isArray(value) && value.every(isGivenBack)
const QUESTIONS: readonly unknown[] = ['refresh', 'stat', 'shutdown', 'reopen', 'clear', 'bury'] satisfies Question[]
const isQuestion = (value: unknown): boolean => QUESTIONS.includes(value)

type Checks = Readonly<Record<string, (value: unknown) => boolean>>

const TO_HOST: Readonly<Record<ToHost['type'], Checks>> = {
  put: { number: isCount, parcel: isBytes, priority: isNumber, delay: isTime },
  withdraw: { number: isCount },
  want: { items: isCount, seen: isCount, room: isFlag, rest: isFlag },
  settle: { acked: isCounts, back: areGivenBack, handed: isCounts },
  ask: { number: isCount, what: isQuestion, parcel: isOptionalBytes },
  pong: {},
}

/** A host believes no client: whatever came is looked at, member by member, before it is used. */
export function checkToHost(message: Message): ToHost {
  const { type } = message
  const checks = Object.hasOwn(TO_HOST, type) ? TO_HOST[type as ToHost['type']] : undefined
  if (!checks) throw protocolError(`the message ${JSON.stringify(String(type).slice(0, 80))} is unknown here`)
  const members = message as unknown as Readonly<Record<string, unknown>>
  for (const [name, holds] of Object.entries(checks)) {
    if (!holds(members[name])) throw protocolError(`the ${name} of a message of type ${type} cannot be that`)
  }
  return message as ToHost
}
