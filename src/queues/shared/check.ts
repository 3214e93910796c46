import { GRAIN, RESERVE } from './geometry.js'
import type { Ledger } from './ledger.js'
import { HEADER_BYTES } from './records.js'
import { damaged } from './space.js'
import { DELAYED, stateOf } from './word.js'

/**
 * Throws if what the memory says, and cannot be worked out again, cannot be: to be asked, under the lock, before a queue is used
 * that others wrote. Numbers that pass lead no read or loop astray, whoever wrote them.
 */
export function check({ views, records }: Ledger): void {
  const { slots, ringBytes, capacity } = views.geometry
  const { head, tail, putPos, takePos, putCount } = views
  must([head, tail, putPos, takePos, putCount].every(n => Number.isSafeInteger(n) && n >= 0))
  must(head % GRAIN === 0 && tail % GRAIN === 0 && tail <= head && head - tail <= ringBytes)
  must(takePos <= putPos && putPos - takePos <= slots && putCount <= putPos)
  must(views.shut >= 0 && views.shut <= 2)
  let held = 0
  // A slot that is free points nowhere.
  views.eachUsed((slot, word) => {
    must(stateOf(word) <= DELAYED)
    held++
    const at = views.slotAt(slot)
    const place = ((views.ints[at + 1] as number) >>> 0) * GRAIN
    must(place < ringBytes)
    const [length, count, first] = [records.length(place), records.count(place), records.first(place)]
    must(length > 0 && length + HEADER_BYTES <= ringBytes / RESERVE && count <= capacity)
    must(Number.isSafeInteger(first) && first >= 0 && records.span(place) >= count)
    // So that it has items.
    must((views.ints[at + 2] as number) >= 0 && (views.ints[at + 2] as number) < count)
  })
  must(held <= capacity)
}

function must(holds: boolean): void {
  if (!holds) throw damaged()
}
