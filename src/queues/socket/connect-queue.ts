import type { ConnectionOptions } from 'node:tls'
import type { DeadLetter } from '../../core/dead-letter.js'
import { Mailbox } from '../../core/mailbox.js'
import { type CommonOptions, checkCount } from '../../core/options.js'
import type { QueueDescriptor } from '../../core/origin.js'
import { packParcel } from '../../core/parcel-codec.js'
import { Queue } from '../../core/queue.js'
import type { QueueStat } from '../../core/queue-stat.js'
import { optionError } from '../../errors/option-error.js'
import { type AddressLike, formatAddress, parseAddress } from './address.js'
import { letterEntry } from './asks.js'
import { SocketStore } from './socket-store.js'

export interface ConnectOptions<T> extends Omit<CommonOptions<T>, 'capacity' | 'joinable'> {
  /** The host's; its `descriptor()` tells it. */
  token: string
  /** Of a TCP address: as for `tls.connect`. */
  tls?: ConnectionOptions
  /** Ms for which a lost connection is tried for again, before this handle ends with QueueClosedError. 60,000. */
  patience?: number
  /** Gives up connecting. */
  signal?: AbortSignal
}

/**
 * Opens a queue that another process hosts. It is one of them all: bounded, acknowledged, joinable if the hosted one is. A lost
 * connection is made again, puts are repeated, and what was out comes again. Rejects with QueueNotFoundError if there is no host.
 *
 * @example
 * ```ts
 * import { connectQueue, fifoQueue, hostQueue } from 'queuelink'
 *
 * await using hosted = await hostQueue(fifoQueue<number>(), 'tcp:0', { token: 'a long secret' })
 *
 * await using numbers = await connectQueue<number>(hosted.address, { token: 'a long secret' })
 * await numbers.putBatch([1, 2])
 * console.log((await numbers.stat()).size) // 2
 * ```
 */
export async function connectQueue<T>(address: AddressLike, o: ConnectOptions<T>): Promise<Queue<T>> {
  if (typeof o?.token !== 'string' || o.token === '') throw optionError('token', 'the token of the host', o?.token)
  const where = parseAddress(address)
  const terms = { address: where, token: o.token, tls: o.tls, patience: checkCount('patience', o.patience, 60_000) }
  let mailbox: Mailbox<T> | undefined
  const store = new SocketStore<T>(terms, error => mailbox && endReaders(mailbox, error))
  await store.open(o.signal)
  const { welcome } = store
  mailbox = new Mailbox(store, {
    ...o,
    name: o.name ?? welcome.name,
    maxAttempts: checkCount('maxAttempts', o.maxAttempts, welcome.maxAttempts),
    ...(o.deadLetter || welcome.deadLetter ? { deadLetter: o.deadLetter ?? deadLetterOf(store) } : {}),
  })
  return new Queue(mailbox, welcome.joinable, {
    descriptor: () => ({ kind: 'hosted', address: formatAddress(where), token: o.token }),
    unlink: async () => {},
    stat: () => statOf(store, mailbox as Mailbox<T>),
  })
}

/** Opens what `descriptor()` of a hosted queue, or of one that is connected to it, answered. */
export function openHosted<T>({ address, token }: QueueDescriptor, o: Partial<ConnectOptions<T>>): Promise<Queue<T>> {
  return connectQueue<T>(address as string, { ...o, token: token as string })
}

async function statOf<T>(store: SocketStore<T>, { rests }: Mailbox<T>): Promise<Partial<QueueStat>> {
  // What rests here is out only for the host.
  const here = rests.length
  const { size, capacity, delayed, leased, resting, shutDown } = (await store.ask('stat')) as QueueStat
  return { size: size + here, capacity, delayed, leased: leased - here, resting: resting + here, shutDown }
}

/** The host's own, reached from here. */
function deadLetterOf<T>(store: SocketStore<T>): DeadLetter<T> {
  return {
    isInherent: true,
    async put(item, o) {
      await store.ask('bury', packParcel([letterEntry(item, o?.headers ?? {})]).bytes)
    },
  }
}

function endReaders<T>(mailbox: Mailbox<T>, error: unknown): void {
  for (const taker of [...mailbox.audience]) {
    mailbox.leave(taker)
    taker.end(error)
  }
}
