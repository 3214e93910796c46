/** The best of some rounds for each contest, in items a second. */
export type Rates = Map<string, number>

export function keepBest(rates: Rates, name: string, rate: number): void {
  rates.set(name, Math.max(rates.get(name) ?? 0, rate))
}

/** Prints the rates, and how many times that of the baseline each is. */
export function printTable(title: string, rates: Rates, baseline: string): void {
  const base = rates.get(baseline)
  const width = Math.max(...[...rates.keys()].map(name => name.length)) + 2
  console.log(`\n${title}`)
  for (const [name, rate] of rates) {
    const ratio = base === undefined ? '' : `${(rate / base).toFixed(rate / base < 10 ? 2 : 0).padStart(8)} ×`
    console.log(`  ${name.padEnd(width)} ${Math.round(rate).toLocaleString('en').padStart(12)} /s ${ratio}`)
  }
  if (base !== undefined) console.log(`  (× ${baseline})`)
}
