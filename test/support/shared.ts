/**
 * Finds files of the fact collection that stands beside a checkout (`../shared`). It is not part of the project: tests
 * that need it report a skip when it is absent.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../shared/', import.meta.url))

/** Path of a shared file, or `undefined` when it is not there. */
export function sharedPath(name: string): string | undefined {
  const path = `${root}${name}`
  return existsSync(path) ? path : undefined
}

/** Reason shown by tests that skip because of a missing shared file. */
export function missingShared(name: string): string {
  return `skipped: ../shared/${name} is not beside this checkout`
}

/** Parsed JSON of a shared file. */
export function readSharedJson<T = unknown>(name: string): T {
  return JSON.parse(readFileSync(`${root}${name}`, 'utf8')) as T
}

/** Bytes of a shared file. */
export function readSharedBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${root}${name}`))
}
