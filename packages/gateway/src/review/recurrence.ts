import rrule from 'rrule'

/**
 * The first date of an RRULE (RFC 5545 section 3.3.10) after `from`, which is also where it begins; both Unix
 * milliseconds, in UTC. Undefined: it has none, or it is no rule of whole days. `COUNT` is none: each round
 * begins where the one before it did, so nobody counts. `UNTIL` ends it. Days and weeks are counted with
 * `INTERVAL` and `BYDAY` alone: a day that no year has would be looked for in every one of them until the year 9999.
 */
export function nextDate(rule: string, from: number): number | undefined {
  if (rule.length > charsMax || !isRule.test(rule)) return undefined
  try {
    const dtstart = new Date(from)
    const read = rrule.rrulestr(rule, { dtstart })
    return read.after(dtstart)?.getTime()
  } catch {
    return undefined
  }
}

const charsMax = 200
const isRule =
  /^(?:RRULE:)?(?:FREQ=(?:DAILY|WEEKLY)(?:;(?:INTERVAL|BYDAY|WKST|UNTIL)=[\w,-]+)*|FREQ=(?:MONTHLY|YEARLY)(?:;(?:INTERVAL|BYDAY|BYMONTHDAY|BYMONTH|BYSETPOS|WKST|UNTIL)=[\w,+-]+)*)$/
