import type { Comparison } from '../admin/approval-contract.ts'
import type { Style } from './style.ts'
import { visible, visibleJson } from './visible.ts'

/** What is other than in the last call of this function that people let through. */
export function comparisonLines(since: Comparison, style: Style): string[] {
  if (since.outcome !== 'compared') return [style.dim(withoutComparison[since.outcome])]
  const who = [...since.actors, since.subject ?? ''].join(' for ')
  return [
    style.bold('Other than in the last approved call'),
    style.dim(
      `  ${visible(since.approval ?? '')}, asked ${since.asked_at ?? ''} by ${visible(who)}`,
    ),
    ...changeLines(since, style),
    ...(since.shortened ? [style.yellow('! There are more differences.')] : []),
  ]
}

function changeLines({ changes, same_arguments }: Comparison, style: Style): string[] {
  if (changes.length === 0) {
    return [
      same_arguments
        ? '  nothing: the same arguments, byte for byte'
        : style.yellow(
            '! Nothing that is shown, but what is hidden, or how it is written, differs.',
          ),
    ]
  }
  return changes.flatMap((change) => {
    const before = style.red(`  - ${visible(change.pointer)}: ${valueText(change.before)}`)
    const after = style.green(`  + ${visible(change.pointer)}: ${valueText(change.after)}`)
    if (change.change === 'added') return [after]
    return change.change === 'removed' ? [before] : [before, after]
  })
}

function valueText(value: unknown): string {
  return value === undefined ? '(too long to show here)' : visibleJson(value, 0)
}

const withoutComparison = {
  none: 'No call of this function was approved before.',
  'beyond-look-back':
    'None of the last approved calls was of this function; older ones were not looked at.',
  erased: 'What the last approved call asked has been erased: there is nothing to compare with.',
  withheld: 'The last approved call is not for you to read: nothing is compared.',
} as const
