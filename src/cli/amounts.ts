/** 1234567 as 1,234,567. */
export function amount(count: number): string {
  return count.toLocaleString('en-US')
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** 1536 as 1.5 KiB. */
export function bytes(count: number): string {
  let unit = 0
  let size = count
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`
}
