import { fromFile } from '../io/from-file.js'
import type { OutletSink } from '../io/outlet-sink.js'
import { toFile } from '../io/to-file.js'
import { type OpenDestination, openDestination } from './open-destination.js'
import { type OpenSource, openSource } from './open-source.js'
import type { FileEndpoint } from './protocol.js'

/** Reads a file from a byte on. */
export function openFileSource({ file, as }: FileEndpoint, { start = 0 } = {}): OpenSource {
  return openSource(fromFile(file, { as, start }))
}

/** `cut`: goes on after the last whole record of what is there. */
export function openFileDestination({ file, as, append = false }: FileEndpoint, { cut = false } = {}): OpenDestination {
  const sink = toFile(file, { as, append, cut }) as OutletSink<unknown>
  return { ...openDestination(sink, false), opened: sink.opened }
}
