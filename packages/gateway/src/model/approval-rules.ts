import type { ClearanceTerms } from './clearance.ts'

/** What a rulebook says about approvals: approvals.yaml, read and checked. */
export type ApprovalRules = {
  /** By the approver group that policies name; read with `flowOf`. */
  readonly flows: Readonly<Record<string, ApprovalFlow>>
  /** Groups whose members are listed here: these people are in them and nobody else is. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly people: readonly LinkedPerson[]
  readonly breakGlass: BreakGlassRules | undefined
}

/** A rulebook without approvals.yaml: whoever a token puts into the group that policy names, and no glass. */
export const noApprovalRules: ApprovalRules = {
  flows: {},
  groups: {},
  people: [],
  breakGlass: undefined,
}

/** How this group decides. One that no flow is written for: one person of it, exactly this call, once. */
export function flowOf({ flows }: Pick<ApprovalRules, 'flows'>, group: string): ApprovalFlow {
  const written = Object.hasOwn(flows, group) ? flows[group] : undefined
  return (
    written ?? { ...defaultFlow, group, steps: [{ ...defaultStep, name: group, groups: [group] }] }
  )
}

const defaultStep = { quorum: 1, escalation: [] }
const defaultFlow = {
  reasonChars: 0,
  offers: ['call'],
  usesMax: 1,
  forMsMax: 0,
  notify: [],
  message: 'minimal',
  slackDecides: false,
} as const

/** Who is in a group whose members are listed; undefined: a token says. */
export function listedIn(
  groups: ApprovalRules['groups'],
  group: string,
): readonly string[] | undefined {
  return Object.hasOwn(groups, group) ? groups[group] : undefined
}

export type ApprovalFlow = {
  readonly group: string
  readonly steps: readonly {
    readonly name: string
    readonly groups: readonly string[]
    readonly quorum: number
    readonly escalation: readonly {
      readonly afterMs: number
      readonly groups: readonly string[]
    }[]
  }[]
  /** Least length of the reason of a yes; 0: none is needed. */
  readonly reasonChars: number
  /** Milliseconds; absent: as gateway.yaml says. */
  readonly decideByMs?: number
  readonly claimByMs?: number
  /** What callers may ask for, and the most of it. */
  readonly offers: readonly ClearanceTerms['kind'][]
  readonly usesMax: number
  readonly forMsMax: number
  /** Names of channels in gateway.yaml. */
  readonly notify: readonly string[]
  readonly message: 'masked' | 'minimal'
  readonly slackDecides: boolean
}

/** Accounts, agents and keys that are one person: none of them approves what another of them asks for. */
export type LinkedPerson = {
  readonly id: string
  readonly accounts: readonly string[]
  readonly agents: readonly string[]
}

export type BreakGlassRules = {
  /** Party ids. Empty: nobody. */
  readonly people: readonly string[]
  readonly functions: readonly string[]
  readonly forMsMax: number
  /** The sign-in has to name one of `acr` (when any is given) and all of `amr`, and be this fresh. */
  readonly acr: readonly string[]
  readonly amr: readonly string[]
  readonly signedInWithinMs: number
  /** Groups of people who may review it. */
  readonly reviewers: readonly string[]
  readonly reviewWithinMs: number
  /** Told at once, whatever else is configured. Never empty. */
  readonly notify: readonly string[]
  /** How often one person may in thirty days. */
  readonly usesPer30Days: number
}
