import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'
import type { ApprovalUsed } from './stage.ts'

/**
 * Refuses a call whose rules are not in force any more, or will not be in a moment. Asked right before each date at
 * which a record says that they were: there auditors look whether they had been replaced. Rules that changed would
 * not have the approval either, so that it is spent costs nobody a second yes.
 */
export function refuseReplaced(
  gate: Pick<Gate, 'rules' | 'rulesEnding'>,
  { rules, approval }: { readonly rules: InForce; readonly approval?: ApprovalUsed | undefined },
): void {
  const isInForce = gate.rules()?.rulebook.digest === rules.rulebook.digest
  if (isInForce && !gate.rulesEnding()) return
  throw new Refusal('rulebook-replaced', {
    ...(approval && {
      detail: 'A use of its approval is spent.',
      facts: { approval: approval.id },
    }),
  })
}
