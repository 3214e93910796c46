import { amount } from './amounts.js'
import { columns } from './columns.js'
import type { Live } from './live-server.js'

/** What runs, as text: a line for each link and each queue. */
export function table({ name, pid, state, age, links, queues }: Live): string {
  const linkRows = Object.entries(links).map(([link, { settled, unsettled, restarts }]) => [
    link,
    amount(settled),
    amount(unsettled),
    amount(restarts),
  ])
  const queueRows = Object.entries(queues).map(([queue, { kind, size, capacity }]) => [
    queue,
    amount(size),
    capacity === null || capacity === Number.POSITIVE_INFINITY ? '' : amount(capacity),
    kind,
  ])
  return [
    `${name}  pid ${pid}  ${state}  ${Math.round(age / 1000)} s`,
    '',
    ...columns([['LINK', 'ITEMS', 'UNDER WAY', 'RESTARTS'], ...linkRows]),
    ...(queueRows.length > 0 ? ['', ...columns([['QUEUE', 'SIZE', 'CAPACITY', 'KIND'], ...queueRows])] : []),
  ].join('\n')
}
