import { fifoQueue } from 'queuelink'
import { each, settle } from 'queuelink/operators'
import { runMarbles } from 'queuelink/testing'
import { map, Subject, take, tap, timer } from 'rxjs'
import { describe, it } from 'vitest'

describe('settle', () => {
  it('waits with a source that never emits', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-')
      const subs = '                 ^'
      const expected = '             -'
      expectObservable(source.pipe(settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('completes with an empty source', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('--|')
      const subs = '                 ^-!'
      const expected = '             --|'
      expectObservable(source.pipe(settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('emits the value of one delivery and acks it', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a--|', { a: 7 })
      const subs = '                 ^---!'
      const expected = '             -a--|'
      const acks = '                 -a---'
      expectObservable(source.pipe(settle())).toBe(expected, { a: 7 })
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q4.3, Q4.4
  it('acks many, each in the call that emits it', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('a-(bc)-d|')
      const expected = '             a-(bc)-d|'
      const acks = '                 a-(bc)-d-'
      expectObservable(source.pipe(settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  it('passes on an error that comes before the first item', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('--#')
      const subs = '                 ^-!'
      const expected = '             --#'
      expectObservable(source.pipe(settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('passes on an error that comes after some items, which stay acked', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-#')
      const expected = '             -a-b-#'
      const acks = '                 -a-b--'
      expectObservable(source.pipe(settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  it('lets go of its source in the frame in which its subscriber leaves', () => {
    runMarbles(({ hotDeliveries, expectObservable, expectSubscriptions }) => {
      const source = hotDeliveries('-a-b-c-|')
      const unsub = '               ----!   '
      const subs = '                ^---!   '
      const expected = '            -a-b----'
      const acks = '                -a-b----'
      expectObservable(source.pipe(settle()), unsub).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('acks the item that an operator below leaves with, and takes no more', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('(abc)')
      const subs = '                 (^!)'
      const expected = '             (ab|)'
      const acks = '                 (ab)'
      expectObservable(source.pipe(settle(), take(2))).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q8.6
  it('gives the item back when an operator below throws and the error gets to a sink', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a-b-c-|')
      const subs = '                 ^--!    '
      const acks = '                 -a------'
      const nacks = '                ---b----'
      const fails = map((item: string) => (item === 'b' ? raise(`no ${item}`) : item))
      source.pipe(settle(), fails).subscribe(fifoQueue<string>().sink())
      expectObservable(source.acks).toBe(acks)
      expectObservable(source.nacks).toBe(nacks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q8.7
  it('leaves the item consumed when what throws is above a plain subscriber', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c-|')
      const expected = '             -a-#    '
      const acks = '                 -a-b----'
      const fails = map((item: string) => (item === 'b' ? raise('no b') : item))
      expectObservable(source.pipe(settle(), fails)).toBe(expected, undefined, new Error('no b'))
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q8.4, Q8.5
  it('nacks and ends with the error of a sink that refuses', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a-b-c-|')
      const subs = '                 ^--!    '
      const nacks = '                ---b----'
      const target = fifoQueue<string>()
      const closing = tap((item: string) => item === 'b' && target.close())
      source.pipe(settle(), closing).subscribe({ next: item => target.next(item), error: () => {} })
      expectObservable(source.nacks).toBe(nacks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('keeps apart two streams that share one operator value', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const shared = settle<string>()
      const one = coldDeliveries('-a-b-|')
      const two = coldDeliveries('--c-#-')
      expectObservable(one.pipe(shared)).toBe('-a-b-|')
      expectObservable(two.pipe(shared)).toBe('--c-#-')
      expectObservable(one.acks).toBe('        -a-b--')
      expectObservable(two.acks).toBe('        --c---')
    })
  })

  it('settles what comes while it emits', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a----b').subscribe(queue)
      const expected = '-(aA)-(bB)'
      const echo = tap((item: string) => item < 'a' || queue.next(item.toUpperCase()))
      expectObservable(queue.deliveries().pipe(settle(), echo)).toBe(expected)
    })
  })

  // Q3.2, Q4.4
  it('acks when a slow sink has stored, and brings no more before that', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      const target = fifoQueue<string>({ capacity: 1 })
      cold('            -(abc)----------').subscribe(queue)
      const passed = '  -(ab)-c---------'
      const worked = '  ------a----b----c'
      const seen = new Subject<string>()
      expectObservable(seen).toBe(passed)
      expectObservable(target.deliveries({ prefetch: 1 }).pipe(each(later(5)), settle())).toBe(worked)
      queue.deliveries({ prefetch: 1 }).pipe(settle(), tap(seen)).subscribe(target)
    })
  })
})

const later = (ms: number) => (item: string) => timer(ms).pipe(map(() => item))

function raise(message: string): never {
  throw new Error(message)
}
