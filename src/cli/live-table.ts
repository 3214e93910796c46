import { amount, bytes as size } from './amounts.js'
import { columns } from './columns.js'
import type { Live } from './live-server.js'

const LINK = ['LINK', 'ITEMS', '/S', 'BYTES', 'UNDER WAY', 'P50 MS', 'P99 MS', 'MAX MS', 'DROPPED', 'RESTARTS']
const QUEUE = ['QUEUE', 'SIZE', 'CAPACITY', 'KIND']

/** What runs, as text: a line for each link and each queue. */
export function table({ name, pid, state, age, links, queues }: Live): string {
  const linkRows = Object.entries(links).map(
    ([link, { settled, rate, bytes, unsettled, latency, dropped, restarts }]) => [
      link,
      amount(settled),
      amount(Math.round(rate)),
      bytes > 0 ? size(bytes) : '',
      amount(unsettled),
      ...(latency ? [latency.p50, latency.p99, latency.max].map(amount) : ['', '', '']),
      amount(dropped),
      amount(restarts),
    ],
  )
  const queueRows = Object.entries(queues).map(([queue, { kind, size: held, capacity }]) => [
    queue,
    amount(held),
    capacity === null || capacity === Number.POSITIVE_INFINITY ? '' : amount(capacity),
    kind,
  ])
  return [
    `${name}  pid ${pid}  ${state}  ${Math.round(age / 1000)} s`,
    '',
    ...columns([LINK, ...linkRows]),
    ...(queueRows.length > 0 ? ['', ...columns([QUEUE, ...queueRows])] : []),
  ].join('\n')
}
