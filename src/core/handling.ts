import { AsyncLocalStorage } from 'node:async_hooks'

// Made when first needed: once one exists, every promise in the process costs a little more.
let handling: AsyncLocalStorage<readonly object[]> | undefined

/** Runs a handler so that what it starts knows whose item it is handling. */
export function handlingItemOf<R>(owner: object, handler: () => R): R {
  handling ??= new AsyncLocalStorage()
  const owners = handling.getStore() ?? []
  // What one item's handler started may start the next one's.
  return owners.includes(owner) ? handler() : handling.run([...owners, owner], handler)
}

/** True inside a handler of that owner's items, across `await`. */
export function isHandling(owner: object): boolean {
  return handling?.getStore()?.includes(owner) ?? false
}
