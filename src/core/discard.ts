import type { Rests } from './rests.js'
import type { Store } from './store.js'

/** Takes out what nobody has, of a store that is being shut down (`shut`), and answers it. `failed`: nothing could be taken out. */
export async function discard<T>(
  store: Store<T>,
  rests: Rests<T>,
  shut: void | Promise<void>,
  failed: () => void,
): Promise<T[]> {
  // Who shuts it down hears why that failed, but only after this.
  shut?.catch(() => {})
  const clearing = store.clear()
  // What rests is out only for the store.
  const resting = rests.takeAll().filter(lease => store.ack(lease))
  try {
    return [...(await clearing), ...resting.map(lease => lease.value)]
  } catch (error) {
    failed()
    throw error
  }
}
