import { fifoQueue } from 'queuelink'
import { each, perItem, settle } from 'queuelink/operators'
import { runMarbles } from 'queuelink/testing'
import { delay, EMPTY, filter, map, of, pipe, repeat, Subject, take, tap, timer } from 'rxjs'
import { describe, it } from 'vitest'

const upper = (item: string): string => item.toUpperCase()
/** Works on an item for so many frames. */
const later = (ms: number) => (item: string) => timer(ms).pipe(map(() => upper(item)))
const taking = (ms: number) => (item: string) => timer(ms).pipe(map(() => item))

function raise(message: string): never {
  throw new Error(message)
}

describe('each', () => {
  it('waits with a source that never emits', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-')
      const subs = '                 ^'
      const expected = '             -'
      expectObservable(source.pipe(each(upper), settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('completes with an empty source', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('--|')
      const subs = '                 ^-!'
      const expected = '             --|'
      expectObservable(source.pipe(each(upper), settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q4.7, Q4.16
  it('emits what the handler made of one delivery', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a--|')
      const subs = '                 ^---!'
      const expected = '             -A--|'
      const acks = '                 -a---'
      expectObservable(source.pipe(each(upper), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('emits in the call that brings a delivery when the handler answers a value', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('a-(bc)-d|')
      const expected = '             A-(BC)-D|'
      const acks = '                 a-(bc)-d-'
      expectObservable(source.pipe(each(upper), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q4.14, Q4.15, Q4.21
  it('works on one delivery at a time, and on the rest before it completes', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-(abc|)------')
      const subs = '                 ^!           '
      const expected = '             -----A---B---(C|)'
      const acks = '                 -----a---b---c'
      expectObservable(source.pipe(each(later(4)), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q4.14, Q4.15
  it('works on as many as `concurrency`, and emits in the order in which they are done', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c-|  ')
      const expected = '             ----b-c(a|)'
      const acks = '                 ----b-ca  '
      const taking = (item: string) => timer(item === 'a' ? 6 : 1).pipe(map(() => item))
      expectObservable(source.pipe(each(taking, { concurrency: 2 }), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q4.15
  it('keeps order when a value follows an answer that takes time', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-|    ')
      const expected = '             -----(aB|)'
      const mixed = (item: string) => (item === 'a' ? timer(4).pipe(map(() => item)) : upper(item))
      expectObservable(source.pipe(each(mixed), settle())).toBe(expected)
    })
  })

  it('passes on an error that comes before the first item', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('--#')
      const subs = '                 ^-!'
      const expected = '             --#'
      expectObservable(source.pipe(each(upper), settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q4.20
  it('passes on an error at once, and gives back what is at work and what waits', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-#')
      const expected = '             -----#'
      const nacks = '                -----a'
      const releases = '             -----b'
      expectObservable(source.pipe(each(later(9)), settle())).toBe(expected)
      expectObservable(source.nacks).toBe(nacks)
      expectObservable(source.releases).toBe(releases)
    })
  })

  // Q4.20
  it('lets go of its source in the frame in which its subscriber leaves, and gives back', () => {
    runMarbles(({ hotDeliveries, expectObservable, expectSubscriptions }) => {
      const source = hotDeliveries('-a-b-c-|')
      const unsub = '               ------! '
      const subs = '                ^-----! '
      const expected = '            -----A--'
      const acks = '                -----a--'
      const nacks = '               ------b-'
      const releases = '            ------c-'
      expectObservable(source.pipe(each(later(4)), settle()), unsub).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectObservable(source.nacks).toBe(nacks)
      expectObservable(source.releases).toBe(releases)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('acks the item that an operator below leaves with, and gives the next one back', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('(ab)')
      const subs = '                 (^!)'
      const expected = '             (A|)'
      const acks = '                 a   '
      expectObservable(source.pipe(each(upper), settle(), take(1))).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q4.20
  it('gives back an item whose answer goes on when an operator below leaves', () => {
    runMarbles(({ cold, coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a-------')
      const inner = cold('            --x-y|   ')
      const innerSubs = '            -^-!     '
      const nacks = '                ---a     '
      expectObservable(
        source.pipe(
          each(() => inner),
          settle(),
          take(1),
        ),
      ).toBe('---(x|)')
      expectObservable(source.nacks).toBe(nacks)
      expectSubscriptions(inner.subscriptions).toBe(innerSubs)
    })
  })

  // Q4.19
  it('nacks the delivery of a handler that throws, and goes on', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c-|')
      const expected = '             -A---C-|'
      const acks = '                 -a---c--'
      const nacks = '                ---b----'
      const handler = (item: string) => (item === 'b' ? raise('no b') : upper(item))
      expectObservable(source.pipe(each(handler), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectObservable(source.nacks).toBe(nacks)
    })
  })

  // Q4.19
  it('nacks the delivery of an answer that fails, also after some outputs', () => {
    runMarbles(({ cold, coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a------b--|')
      const inner = cold('            x-y-#       ')
      const innerSubs = '            -^---!      '
      const expected = '             -x-y----b--|'
      const acks = '                 --------b---'
      const nacks = '                -----a------'
      const handler = (item: string) => (item === 'a' ? inner : item)
      expectObservable(source.pipe(each(handler), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
      expectObservable(source.nacks).toBe(nacks)
      expectSubscriptions(inner.subscriptions).toBe(innerSubs)
    })
  })

  // Q4.18
  it('acks at once where there is no output', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-|')
      const expected = '             -----|'
      const acks = '                 -a-b--'
      expectObservable(
        source.pipe(
          each(() => EMPTY),
          settle(),
        ),
      ).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q4.17
  it('acks a delivery with several outputs when there will be no more', () => {
    runMarbles(({ cold, coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a------|')
      const inner = cold('            x-y--|   ')
      const expected = '             -x-y----|'
      const acks = '                 ------a--'
      expectObservable(
        source.pipe(
          each(() => inner),
          settle(),
        ),
      ).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q4.17
  it('acks a delivery with several outputs when the last of them is acked', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a--------|')
      const expected = '             ---x-y-z--|'
      const acks = '                 -------a---'
      const outputs = each(() => of('x', 'y', 'z'))
      const slow = each((item: string) => timer(2).pipe(map(() => item)))
      expectObservable(source.pipe(outputs, slow, settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q4.17
  it('nacks a delivery once when any of its outputs is nacked, and ends its answer', () => {
    runMarbles(({ cold, coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a--------|')
      const inner = cold('            x-y-z-x-|  ')
      const innerSubs = '            -^-!       '
      const expected = '             -X--------|'
      const nacks = '                ---a-------'
      const handler = (item: string) => (item === 'y' ? raise('no y') : upper(item))
      expectObservable(
        source.pipe(
          each(() => inner),
          each(handler),
          settle(),
        ),
      ).toBe(expected)
      expectObservable(source.nacks).toBe(nacks)
      expectSubscriptions(inner.subscriptions).toBe(innerSubs)
    })
  })

  // Q4.18
  it('has no output of a delivery that its handler settled', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-|')
      const expected = '             -A---|'
      const nacks = '                ---b--'
      const handler = each((item: string, delivery) => {
        if (item === 'b') void delivery.nack()
        return upper(item)
      })
      expectObservable(source.pipe(handler, settle())).toBe(expected)
      expectObservable(source.nacks).toBe(nacks)
    })
  })

  // Q4.8
  it('applies an RxJS operator to each delivery on its own', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c-|')
      const expected = '             -A---C-|'
      const acks = '                 -a-b-c--'
      const noB = pipe(
        map(upper),
        filter(item => item !== 'B'),
        take(1),
      )
      expectObservable(source.pipe(each(noB), settle())).toBe(expected)
      expectObservable(source.acks).toBe(acks)
    })
  })

  it('applies an operator that takes its time, or comes back to its source later', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-ab-----|')
      const expected = '             -----ab--a(b|)'
      const again = perItem<string, string>(item => item.pipe(delay(4), repeat(2)))
      expectObservable(source.pipe(each(again, { concurrency: 2 }), settle())).toBe(expected)
    })
  })

  // Q4.19
  it('nacks the delivery on which an operator fails', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-|')
      const expected = '             ---B-|'
      const nacks = '                -a----'
      const fails = map((item: string) => (item === 'a' ? raise('no a') : upper(item)))
      expectObservable(source.pipe(each(fails), settle())).toBe(expected)
      expectObservable(source.nacks).toBe(nacks)
    })
  })

  it('keeps apart two streams that share one operator value', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const shared = each(later(2))
      const one = coldDeliveries('                   -a-b---|')
      const two = coldDeliveries('                   -(cd)-#')
      expectObservable(one.pipe(shared, settle())).toBe('---A-B-|')
      expectObservable(two.pipe(shared, settle())).toBe('---C-D#')
    })
  })

  it('works on what comes while it emits after what it emits', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a----b').subscribe(queue)
      const expected = '-(aA)-(bB)'
      const echo = tap((item: string) => item < 'a' || queue.next(upper(item)))
      expectObservable(
        queue.deliveries().pipe(
          each(item => item),
          settle(),
          echo,
        ),
      ).toBe(expected)
    })
  })
})

describe('each, from a queue', () => {
  // Q8.1, Q8.2
  it('sees an item again that its handler failed on, later each time', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a------').subscribe(queue)
      const expected = '----a  '
      const handler = each((item: string, { attempt }) => (attempt < 4 ? raise('not yet') : item))
      expectObservable(queue.deliveries().pipe(handler, settle())).toBe(expected)
    })
  })

  // Q6.1, Q6.4
  it('loses nothing when it is cut off: the next one sees what was at work again, and what waited for the first time', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            (ab)------------').subscribe(queue)
      const crash = '   --!             '
      const next = '    -----^          '
      const attempts = each((item: string, { attempt }) => timer(3).pipe(map(() => item + attempt)))
      const deliveries = queue.deliveries().pipe(attempts, settle())
      expectObservable(deliveries, crash).toBe('---')
      expectObservable(deliveries, next).toBe(' --------a--b', { a: 'a2', b: 'b1' })
    })
  })

  // Q4.1, Q3.1
  it('brings no more than a slow sink stores', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      const target = fifoQueue<string>({ capacity: 1 })
      cold('            -(abcd)-------------').subscribe(queue)
      const handled = ' -(ab)-c----d--------'
      const stored = '  ------a----b----c----d'
      const seen = new Subject<string>()
      expectObservable(seen).toBe(handled)
      expectObservable(target.deliveries({ prefetch: 1 }).pipe(each(taking(5)), settle())).toBe(stored)
      queue
        .deliveries({ prefetch: 1 })
        .pipe(
          each(item => item),
          settle(),
          tap(seen),
        )
        .subscribe(target)
    })
  })
})
