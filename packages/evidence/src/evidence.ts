// The one public entry of this package: what others import from '@sallyport/evidence'.
// biome-ignore-all lint/performance/noBarrelFile: a package has one door, this is it.
// biome-ignore-all lint/performance/noReExportAll: the other door is a part of this one.
export * from './log.ts'
export { type BundleSource, urlSource } from './source.ts'
export {
  type VerifyOptions,
  verifyBundle,
} from './verify/bundle.ts'
export type { CheckName, FindingCode } from './verify/codes.ts'
export type {
  CheckResult,
  Finding,
  Scope,
  Verdict,
} from './verify/verdict.ts'
export { type PackFlaw, type PackVerdict, packFlaws, verifyPack } from './verify-pack.ts'
export { blobAccess, openZip, type RandomAccess } from './zip.ts'
