import { QueueLinkError } from '../../errors/queue-link-error.js'
import type { Arena } from '../../os/arena.js'
import type { ArenaOptions } from '../../os/arena-file.js'
import { bodyBytes, type Geometry, geometryOf } from './geometry.js'
import { DEFAULTS, type Sizes } from './shared-options.js'
import { damaged } from './space.js'
import { Views } from './views.js'

/** Of the body; docs/shared-memory-layout.md describes it. */
const LAYOUT = 1

export function arenaOptions(path: string, what: string, mode: ArenaOptions['mode'], sizes: Sizes): ArenaOptions {
  const { capacity = DEFAULTS.capacity, bytes = DEFAULTS.bytes, itemSize = DEFAULTS.itemSize } = sizes
  const geometry = geometryOf(capacity, bytes)
  return {
    kind: 'shrd',
    version: LAYOUT,
    path,
    what,
    mode,
    numbers: [geometry.capacity, geometry.slots, geometry.ringBytes, itemSize],
    bodyBytes: bodyBytes(geometry),
  }
}

/** The body by its own numbers; throws if they cannot be, or are not those that were asked for. */
export function viewsOf(arena: Arena, what: string, sizes: Sizes): { views: Views; itemSize: number } {
  const [capacity = 0, slots, ringBytes = 0, itemSize = 0] = arena.header.numbers
  const geometry: Geometry = geometryOf(capacity, ringBytes)
  const sound = capacity > 0 && geometry.slots === slots && geometry.ringBytes === ringBytes && itemSize > 0
  if (!sound || bodyBytes(geometry) !== arena.bytes) throw damaged()
  const asked = { ...sizes, bytes: sizes.bytes && geometryOf(1, sizes.bytes).ringBytes }
  for (const [option, is] of Object.entries({ capacity, bytes: ringBytes, itemSize })) {
    const wanted = asked[option as keyof Sizes]
    if (wanted === undefined || wanted === is) continue
    const way = 'leave the option out, or remove the queue with unlink() first'
    throw new QueueLinkError(`${what} is there with ${option} ${is}, not ${wanted}: ${way}`, 'ERR_QUEUE_DIFFERS')
  }
  return { views: new Views(arena.buffer, arena.offset, arena.bytes, geometry), itemSize }
}
