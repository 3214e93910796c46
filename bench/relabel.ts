import { map, type OperatorFunction } from 'rxjs'
import type { Event } from './event.js'

/** The step of the relay contest. */
export const relabel = (): OperatorFunction<Event, Event> => map(item => ({ ...item, name: 'relabelled' }))
