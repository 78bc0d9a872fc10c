import { z } from 'zod'
import { allowedScheme } from './allowed-scheme.ts'
import type { McpConfig } from './config.ts'
import { limits } from './limits.ts'

/** RFC 6749 section 3.3, and what can be quoted in a challenge (RFC 6750 section 3) as it is. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'is no scope')

const resource = z
  .url({ protocol: /^https?$/ })
  .max(1_024)
  .regex(/^[^?#]*\/mcp$/, 'ends in `/mcp`, without query and fragment')
  .refine((one) => new URL(one).username === '' && new URL(one).password === '', {
    message: 'A URL is no place for a credential.',
  })
  // RFC 9728 section 1.2 wants https; who tries it out on one machine has none.
  .refine((one) => allowedScheme(one, true), {
    message: 'It has to be https; http is for loopback hosts.',
  })

const origin = z
  .string()
  .max(300)
  .regex(/^https?:\/\/[^/?#@]+$/, 'write scheme and host: https://chat.example')
  .transform((one) => (URL.canParse(one) ? new URL(one).origin : one))

/** The section `mcp` of gateway.yaml. */
export const mcpSchema: z.ZodType<McpConfig> = z.strictObject({
  resource: resource
    .optional()
    .describe(
      'The URL by which callers know `/mcp`: tokens have to be meant for it. Absent: for an audience of their issuer.',
    ),
  scopes: z
    .array(scope)
    .max(limits.mcpScopes)
    .default([])
    .describe('Every access token carries all of them; API keys have a scope of their own.'),
  allowedOrigins: z
    .array(origin)
    .max(limits.mcpOrigins)
    .default([])
    .describe('Web pages that may call. Others are refused, whatever they prove.'),
  allowedHosts: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z0-9.:[\]-]{1,260}$/, 'write a host name, with a port where it has one'),
    )
    .max(limits.mcpOrigins)
    .default([])
    .describe('Names in `Host` that count besides the loopback ones, where that is listened at.'),
})
