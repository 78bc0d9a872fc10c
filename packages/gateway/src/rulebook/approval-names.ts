import { nearest } from '../config/schema-problem.ts'
import type { Flaw } from './flaw.ts'

/** What approvals.yaml may name. A list is absent while it is not known whole: then nothing is unknown. */
export type ApprovalNames = {
  readonly functions?: readonly string[] | undefined
  /** The groups of every `@approval`. */
  readonly approverGroups?: readonly string[] | undefined
  /** Groups whose members matter although nobody asks them: those of owners, and of duty rules. */
  readonly memberGroups?: readonly string[] | undefined
  /** Channels of gateway.yaml. */
  readonly channels?: readonly string[] | undefined
  /** Who names people: the issuers of gateway.yaml, and `operator`. */
  readonly issuers?: readonly string[] | undefined
}

/** A name that is none of those there are. `message` begins the sentence that ends in it. */
export function unknownName(
  message: string,
  name: string,
  known: readonly string[],
): Pick<Flaw, 'message' | 'hint'> {
  const near = nearest(name, known.slice(0, comparedMax))
  const some = known.slice(0, 20).join(', ') || 'none'
  const hint = near ? `Did you mean \`${near}\`?` : `Known: ${some}.`
  return { message: `${message} \`${name.slice(0, 100)}\`.`, hint }
}

/** Each comparison takes time that is quadratic in the length of a name. */
const comparedMax = 200

/** Channels nobody has configured would tell nobody. */
export function* channelFlaws(
  notify: readonly string[],
  path: Flaw['path'],
  { channels }: ApprovalNames,
): Generator<Flaw> {
  for (const [index, name] of notify.entries()) {
    if (!channels || channels.includes(name)) continue
    yield {
      path: [...path, 'notify', index],
      ...unknownName('gateway.yaml has no channel', name, channels),
    }
  }
}

/** A person of an issuer that nobody configured can never sign in. */
export function* issuerFlaws(
  ids: readonly string[],
  path: Flaw['path'],
  { issuers }: ApprovalNames,
): Generator<Flaw> {
  for (const [index, id] of ids.entries()) {
    const issuer = id.slice(0, id.indexOf(':'))
    if (!issuers || issuers.includes(issuer)) continue
    const unknown = unknownName('Nobody signs in as one of', issuer, issuers)
    yield { path: [...path, index], ...unknown }
  }
}
