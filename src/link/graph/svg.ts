import { type Layout, LINE_HEIGHT, type Placed, type PlacedFrame, type Point } from './layout.js'

const TITLE = 30

const STYLE = `
  text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1c2733; text-anchor: middle }
  .title { font-size: 15px; font-weight: 600; text-anchor: start }
  .name { font-weight: 600 }
  .queue { fill: #fff; stroke: #55677a; stroke-width: 1.4 }
  .link { fill: #e4eefc; stroke: #3565a8; stroke-width: 1.4 }
  .file { fill: #f5f0e3; stroke: #8a7442; stroke-width: 1.4 }
  .durable { fill: #e6f3e6; stroke: #3f7d45; stroke-width: 1.4 }
  .hosted { fill: #fdeee2; stroke: #a8642c; stroke-width: 1.4 }
  .shared { fill: #f4e8f5; stroke: #86498c; stroke-width: 1.4 }
  .frame { fill: #f3f5f8; stroke: #9aa7b5; stroke-width: 1.2; stroke-dasharray: 2 3 }
  .label { fill: #55677a; font-size: 12px; text-anchor: start }
  .arrow { fill: none; stroke: #55677a; stroke-width: 1.4; marker-end: url(#tip) }
  #tip path { fill: #55677a }`

/** A drawing that stands alone: one file, no script, no font to load. */
export function svg(title: string, { width, height, shapes, frames, lines }: Layout): string {
  const w = Math.ceil(Math.max(width, title.length * 9 + 40))
  const h = Math.ceil(height) + TITLE
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
    '<path d="M0 0 8 4 0 8z"/></marker></defs>',
    `<rect width="${w}" height="${h}" fill="#fff"/>`,
    `<text class="title" x="20" y="26">${escaped(title)}</text>`,
    `<g transform="translate(0 ${TITLE})">`,
    ...frames.map(frame),
    ...lines.map(line),
    ...shapes.map(node),
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

function frame({ x, y, width, height, frame: { label } }: PlacedFrame): string {
  const [l, t, w, h] = [x - width / 2, y - height / 2, width, height].map(round) as [number, number, number, number]
  return [
    `<rect class="frame" x="${l}" y="${t}" width="${w}" height="${h}" rx="6"/>`,
    `<text class="label" x="${l + 8}" y="${t + 15}">${escaped(label)}</text>`,
  ].join('\n')
}

function node(placed: Placed): string {
  const { x, y, shape } = placed
  const top = y - ((shape.lines.length - 1) * LINE_HEIGHT) / 2 + 4.5
  const texts = shape.lines.map((text, at) => {
    const isName = at === 0 && shape.kind !== 'link'
    return `<text${isName ? ' class="name"' : ''} x="${round(x)}" y="${round(top + at * LINE_HEIGHT)}">${escaped(text)}</text>`
  })
  return [outline(placed), ...texts].join('\n')
}

/** Each kind has a form of its own: not everybody sees colours. */
function outline({ x, y, width, height, shape: { kind } }: Placed): string {
  const left = x - width / 2
  const top = y - height / 2
  const [l, t, w, h] = [left, top, width, height].map(round) as [number, number, number, number]
  switch (kind) {
    case 'link':
      return `<rect class="link" x="${l}" y="${t}" width="${w}" height="${h}"/>`
    case 'file':
      return `<path class="file" d="M${l} ${t}h${w - 10}l10 10v${h - 10}h${-w}z m${w - 10} 0v10h10"/>`
    case 'durable':
      return `<path class="durable" d="M${l} ${t + 5}a${w / 2} 5 0 0 1 ${w} 0v${h - 10}a${w / 2} 5 0 0 1 ${-w} 0z m0 0a${w / 2} 5 0 0 0 ${w} 0"/>`
    case 'hosted':
      return `<rect class="hosted" x="${l}" y="${t}" width="${w}" height="${h}" stroke-dasharray="5 3"/>`
    case 'shared':
      return `<path class="shared" d="M${l} ${t + h / 2}l10 ${-h / 2}h${w - 20}l10 ${h / 2}l-10 ${h / 2}h${20 - w}z"/>`
    default:
      return `<rect class="queue" x="${l}" y="${t}" width="${w}" height="${h}" rx="${h / 2}"/>`
  }
}

/** Passes the middles of the way between points, so that it bends and has no corners. */
function line(points: readonly Point[]): string {
  const [first, ...rest] = points
  const last = rest.at(-1)
  if (!first || !last) return ''
  const bends = rest.slice(0, -1).map((point, at) => {
    const next = rest[at + 1] as Point
    const end = at === rest.length - 2 ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 }
    return `Q${at2(point)} ${at2(end)}`
  })
  return `<path class="arrow" d="M${at2(first)}${bends.length > 0 ? bends.join('') : `L${at2(last)}`}"/>`
}

function at2({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, char => `&#${char.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ')
}
