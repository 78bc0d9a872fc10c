import { z } from '@hono/zod-openapi'
import { limits } from '../config/limits.ts'
import type {
  ErasureAsked,
  ErasureListed,
  ExportAsked,
  ExportFile,
  ExportPlan,
  LogKeyRotated,
  PayloadRole,
} from './contract.ts'

/** The part of the contract about evidence, as schemas; see schema.ts. */

const text = z.string()
const time = z.iso.datetime()
const roleNames = ['args', 'forwarded', 'result', 'returned'] as const
const scopes = ['whole', 'range', 'session'] as const

export const payloadRole: z.ZodType<PayloadRole> = z.enum(roleNames)

export const erasureAsked: z.ZodType<ErasureAsked> = z
  .strictObject({
    roles: z.array(z.enum(roleNames)).min(1).max(4).optional(),
    reason: z.string().min(1).max(limits.reasonChars),
  })
  .openapi('ErasureAsked')

export const erasureListed: z.ZodType<ErasureListed> = z
  .object({
    id: text,
    state: z.enum(['PENDING', 'DONE']),
    record: z.int(),
    call: text,
    roles: z.array(z.enum(roleNames)),
    reason: text,
    requested_by: text,
    requested_at: time,
    approved_by: text.nullable(),
    erased_at: time.nullable(),
    you: z.object({ may_approve: z.boolean() }),
  })
  .openapi('Erasure')

export const logKeyRotated: z.ZodType<LogKeyRotated> = z
  .object({ key: text })
  .openapi('LogKeyRotated')

export const exportAsked: z.ZodType<ExportAsked> = z
  .strictObject({
    scope: z.enum(scopes),
    since: time.optional(),
    until: time.optional(),
    session: z.string().min(1).max(256).optional(),
    payloads: z.boolean(),
  })
  .openapi('ExportAsked')

export const exportPlan: z.ZodType<ExportPlan> = z
  .object({
    id: text,
    scope: z.enum(scopes),
    origin: text,
    size: z.int(),
    state: z.enum(['integrated', 'witnessed']),
    waiting: z.int().openapi({
      description:
        'Published records that the trust file wants cosigned, and too few witnesses have.',
    }),
    from: z.int(),
    to: z.int(),
    session: text.nullable(),
    payloads: z.boolean(),
    files: z.int(),
    expires_at: time,
  })
  .openapi('ExportPlan')

export const exportFile: z.ZodType<ExportFile> = z
  .object({ path: text, bytes: z.int().nullable() })
  .openapi('ExportFile')
