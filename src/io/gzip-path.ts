/** Whether a file is compressed, as its name tells. Such a file has no byte offsets to go on at, and cannot be cut. */
export function isGzipPath(path: string): boolean {
  return path.endsWith('.gz')
}
