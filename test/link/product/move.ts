import { link, type Placement } from 'queuelink'
import type { DestinationKind } from './destinations.js'
import type { SourceKind } from './sources.js'
import { isSame, valuesOf } from './values.js'

/** What these ends can carry, all of them. */
export function carried(source: SourceKind, destinations: readonly DestinationKind[], large?: number): unknown[] {
  return valuesOf(
    one => [source, ...destinations].every(({ carries }) => carries(one)),
    source.isRun ? undefined : large,
  )
}

/** Moves all that the ends can carry from the one to the others; throws where anything does not arrive as it was. */
export async function move(
  source: SourceKind,
  destinations: readonly DestinationKind[],
  placement: Placement,
  large?: number,
): Promise<void> {
  const values = carried(source, destinations, large)
  const opened = await Promise.all(destinations.map(kind => kind.open()))
  const from = await source.open(values)
  const linked = link(
    from,
    opened.map(({ endpoint }) => endpoint),
    { placement },
  )
  await linked.done
  for (const [at, { came }] of opened.entries()) {
    check(await came(values.length), values, source, destinations[at] as DestinationKind)
  }
}

/** Throws unless the values of the source came to the destination, in order and as they were. */
export function check(
  came: readonly unknown[],
  values: readonly unknown[],
  source: SourceKind,
  { name, reversed = false, joins = false }: DestinationKind,
): void {
  const inOrder = (source.reversed ?? false) === reversed ? values : values.toReversed()
  const expected = joins ? [Buffer.concat(inOrder.map(bytes))] : inOrder
  for (const [at, value] of expected.entries()) {
    if (!isSame(came[at], value))
      throw new Error(`item ${at} did not arrive at the ${name} as it was: ${show(came[at])}`)
  }
  if (came.length !== expected.length) throw new Error(`${came.length} of ${expected.length} items came to the ${name}`)
}

function bytes(value: unknown): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
}

function show(value: unknown): string {
  return String(value instanceof Error ? value.stack : value).slice(0, 80)
}
