import type { Frame, Picture, Shape } from './picture.js'

/** The brackets in which Mermaid draws each kind; all others are round. */
const FORMS: Readonly<Record<string, readonly [string, string]>> = {
  file: ['[/', '/]'],
  durable: ['[(', ')]'],
  shared: ['{{', '}}'],
  hosted: ['[[', ']]'],
  link: ['[', ']'],
}

/** Beside each other, more links than these would be shown too small. */
const LONGEST_ROW = 4

/** A flow chart for Markdown and everything else that knows Mermaid. */
export function mermaid({ title, queues, links, frames, arrows }: Picture): string {
  const node = ({ id, kind, lines }: Shape): string => {
    const [open, close] = FORMS[kind] ?? ['([', '])']
    return `  ${id}${open}"${lines.map(escaped).join('<br/>')}"${close}`
  }
  const framed = new Set(frames.flatMap(({ links }) => links))
  const frame = ({ id, label, links: ids }: Frame): string[] => [
    `  subgraph ${id}["${escaped(label)}"]`,
    ...links.filter(link => ids.includes(link.id)).map(link => `  ${node(link)}`),
    '  end',
  ]
  return [
    '---',
    `title: ${JSON.stringify(title)}`,
    '---',
    `flowchart ${links.length > LONGEST_ROW ? 'TB' : 'LR'}`,
    ...[...queues, ...links.filter(({ id }) => !framed.has(id))].map(node),
    ...frames.flatMap(frame),
    ...arrows.map(([from, to]) => `  ${from} --> ${to}`),
    '  classDef link fill:#eef4ff,stroke:#4a6fa5',
    `  class ${links.map(({ id }) => id).join(',')} link`,
    '',
  ].join('\n')
}

function escaped(text: string): string {
  return text.replace(/[#"<>&]/g, char => `#${char.charCodeAt(0)};`).replace(/\s+/g, ' ')
}
