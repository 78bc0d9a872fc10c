import type {
  BulkAsked,
  BulkDone,
  DecisionAsked,
  ItemDetail,
  ItemListed,
  ReassignAsked,
} from '../admin/review-contract.ts'
import { type Api, signedInApi } from './api.ts'
import { Failure } from './exit.ts'
import { askFor, canAsk } from './input.ts'
import { err, type Format, say, tellOne } from './output.ts'
import { itemLines } from './review-lines.ts'
import { readReviewer } from './review-start.ts'
import { marks } from './style.ts'
import { visible } from './visible.ts'

type Common = { readonly adminUrl?: string; readonly output: Format }
type DecideOptions = Common & {
  readonly keep?: true
  readonly narrow?: readonly string[]
  readonly ends?: string
  readonly revoke?: true
  readonly reason: string
  readonly shown: readonly string[]
  readonly yes?: true
}

/** `sallyport reviews decide`: one item is shown first, several are decided at once where that is allowed. */
export async function decide(
  campaign: string,
  items: readonly string[],
  options: DecideOptions,
): Promise<void> {
  const decision = decisionOf(options)
  const api = signedInApi(options.adminUrl, process.env)
  const base = `/reviews/${encodeURIComponent(campaign)}`
  const [only, ...others] = items
  if (only !== undefined && others.length === 0) {
    return decideOne(api, `${base}/items/${encodeURIComponent(only)}`, { ...options, decision })
  }
  if (decision !== 'keep' && decision !== 'revoke') {
    throw new Failure('usage', 'Several items are only kept or revoked; narrow them one by one.')
  }
  await confirm(`${decision} all ${items.length}?`, options.yes === true)
  const { reason, shown } = options
  const asked: BulkAsked = { items: [...items], decision, reason, shown: [...shown] }
  tellBulk(await api.post<BulkDone>(`${base}/bulk`, asked), options.output)
}

/** Decides exactly what was shown: its digest goes along, so what changed meanwhile is not decided. */
async function decideOne(
  api: Api,
  path: string,
  options: DecideOptions & Pick<DecisionAsked, 'decision'>,
): Promise<void> {
  const { decision, narrow, ends, reason } = options
  const item: ItemDetail = await api.get(path)
  for (const line of itemLines(item, err)) say(line)
  const [seen] = options.shown
  await confirm(`${decision} ${item.grant}?`, options.yes === true && seen !== undefined)
  const asked: DecisionAsked = {
    ...{ decision, reason, shown: seen ?? item.shown },
    ...(narrow && { when: [...narrow] }),
    ...(ends !== undefined && { ends_at: ends }),
  }
  const after: ItemListed = await api.post(`${path}/decide`, asked)
  if (options.output !== 'table') tellOne(after, options.output, () => [])
  say(
    after.state === 'SECOND_LEVEL'
      ? `${err.yellow(marks.held)} ${visible(after.grant)}: a second person has to decide the same.`
      : `${err.green(marks.ok)} ${visible(after.grant)}: ${decision}.`,
  )
}

function decisionOf({ keep, narrow, ends, revoke }: DecideOptions): DecisionAsked['decision'] {
  const given = [
    keep && ('keep' as const),
    narrow && ('narrow' as const),
    ends !== undefined && ('time-bound' as const),
    revoke && ('revoke' as const),
  ].filter((one) => typeof one === 'string')
  const [only, ...others] = given
  if (only && others.length === 0) return only
  throw new Failure('usage', 'Say one thing: --keep, --narrow, --ends or --revoke.')
}

async function confirm(question: string, isSure: boolean): Promise<void> {
  if (isSure) return
  if (!canAsk()) {
    throw new Failure('usage', 'There is nobody here to ask.', {
      cure: 'Look with `sallyport reviews show <campaign> <item>`, then add --yes --shown <what you saw>.',
    })
  }
  const answer = await askFor(`${visible(question)} [y/N]`, '')
  if (!/^y(?:es)?$/i.test(answer)) throw new Failure('cancelled', 'Nothing was decided.')
}

function tellBulk(done: BulkDone, output: Format): void {
  if (output !== 'table') tellOne(done, output, () => [])
  say(`${err.green(marks.ok)} ${done.decided} items are decided.`)
  for (const { item, why } of done.refused) {
    say(`  ${err.red(marks.refused)} ${visible(`${item}: ${why}`)}`)
  }
  if (done.refused.length > 0) {
    throw new Failure('denied', `${done.refused.length} items were not decided.`)
  }
}

/** `sallyport reviews reassign`. */
export async function reassign(
  campaign: string,
  item: string,
  options: Common & { readonly to: readonly string[]; readonly note: string },
): Promise<void> {
  const rules = options.to.map(readReviewer)
  const asked: ReassignAsked = {
    groups: rules.flatMap((one) => (one.kind === 'groups' ? one.groups : [])),
    people: rules.flatMap((one) => (one.kind === 'people' ? one.people : [])),
    note: options.note,
  }
  const path = `/reviews/${encodeURIComponent(campaign)}/items/${encodeURIComponent(item)}/reassign`
  const after: ItemListed = await signedInApi(options.adminUrl, process.env).post(path, asked)
  if (options.output !== 'table') tellOne(after, options.output, () => [])
  const names = [...after.reviewers.groups, ...after.reviewers.people].join(', ')
  say(`${err.green(marks.ok)} ${visible(`${after.grant} is for ${names} to decide.`)}`)
}
