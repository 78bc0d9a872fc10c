import type { Campaign, ReviewItem } from '../model/campaign.ts'

/** How the items of a campaign ended. */
export type Ended = readonly { readonly what: string; readonly n: number }[]

/**
 * The pack's page for people: what was asked, how it ended, and how carefully people looked. One file without a
 * script or a link. All text in it is escaped.
 */
export function summaryPage(
  campaign: Campaign,
  items: readonly ReviewItem[],
  ended: Ended,
): string {
  const { name, id, state, owner, population, opensAt, dueAt, graceUntil, noResponse } = campaign
  const rows: readonly (readonly [string, string])[] = [
    ['Campaign', id],
    ['State', state],
    ['Answers for it', owner],
    ['Opened', date(opensAt)],
    ['Due', date(dueAt)],
    ['Grace until', date(graceUntil)],
    ['What nobody decided', noResponse],
    ['Population', `${population?.count ?? 0} grants, ${population?.excluded ?? 0} excluded`],
    ['Hash of the population', population?.hash ?? ''],
    ...ended.map(({ what, n }) => [`Ended: ${what}`, String(n)] as const),
  ]
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    `<title>${escaped(name)}</title>`,
    '<style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}',
    'table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;',
    'border-bottom:1px solid #ccc;vertical-align:top}</style>',
    `<h1>${escaped(name)}</h1>`,
    table(['', ''], rows),
    '<h2>Reviewers</h2>',
    table(
      ['Reviewer', 'Decided', 'In bulk', 'Against the recommendation', 'Median look'],
      lookRows(items),
    ),
    '<h2>Failed</h2>',
    table(
      ['Grant', 'Item', 'The policy engine answered'],
      items
        .filter(({ remediation }) => remediation?.state === 'failed')
        .map(({ grant, id, remediation }) => [
          grant,
          id,
          remediation?.answer ?? 'it was not asked',
        ]),
    ),
    '</html>\n',
  ].join('\n')
}

/** How each reviewer decided: what an auditor looks at for rubber stamps. */
function lookRows(items: readonly ReviewItem[]): readonly (readonly string[])[] {
  const decisions = items.flatMap((item) => item.decisions)
  return [...Map.groupBy(decisions, ({ by }) => by)]
    .map(([by, own]) => {
      const dwells = own.flatMap(({ dwellMs }) => dwellMs ?? []).sort((one, other) => one - other)
      const median = dwells[Math.floor(dwells.length / 2)]
      const advised = own.filter(({ recommended }) => recommended !== 'none')
      const against = advised.filter(({ recommended, decision }) => recommended !== decision)
      return [
        by,
        String(own.length),
        String(own.length - dwells.length),
        `${against.length} of ${advised.length}`,
        median === undefined ? 'none was looked at' : `${Math.round(median / 1000)} s`,
      ]
    })
    .sort(([one = ''], [other = '']) => (one < other ? -1 : 1))
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: 'th' | 'td', cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  const first = head.some((cell) => cell !== '') ? [line('th', head)] : []
  return ['<table>', ...first, ...rows.map((row) => line('td', row)), '</table>'].join('\n')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}

function date(at: number): string {
  return new Date(at).toISOString()
}
