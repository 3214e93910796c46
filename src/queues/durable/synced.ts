import { open } from 'node:fs/promises'

/** What is in this file, or which files are in this directory, is on the disk when it resolves. */
export async function synced(path: string): Promise<void> {
  const file = await open(path)
  await file.sync().finally(() => file.close())
}
