/** The ledger file: what a crash at any byte or step leaves behind, damage, compaction, and the lock. */
import {
  appendFile,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openLedger, type Ledger } from '../../../src/payments/channel/index.js'
import { openFileLedgerStore } from '../../../src/runtime/node/ledger-file-store.js'
import type { LedgerStore } from '../../../src/runtime/ports/ledger-store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { readAll } from './support/store-compliance.js'

let directory = ''
const opened: LedgerStore[] = []
const path = (): string => join(directory, 'ledger.log')

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cocoonkit-ledger-'))
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  await rm(directory, { recursive: true, force: true })
})

async function openStore(
  options: { readonly path?: string; readonly lockTimeoutMs?: number } = {}
): Promise<LedgerStore> {
  const store = await openFileLedgerStore({ path: path(), ...options })
  opened.push(store)
  return store
}

async function openFile(compactAfterRecords = Infinity): Promise<Ledger> {
  const limits = { totalNano: 1000n }
  return openLedger({ store: await openStore(), clock: new FakeClock(), limits, compactAfterRecords })
}

const reserve = (ledger: Ledger, id: string, amountNano: bigint): Promise<void> =>
  ledger.reserve({ id, amountNano, recipient: 'r', purpose: 'test' })
const words = (...texts: readonly string[]): Uint8Array[] => texts.map((text) => new TextEncoder().encode(text))
const append = (store: LedgerStore, ...texts: readonly string[]): Promise<number> =>
  store.withLock(() => store.append(words(...texts)))

/** The lock of a process that died while it held it. */
async function leaveDeadLock(): Promise<void> {
  await mkdir(`${path()}.lock`, { recursive: true })
  const names = (await readdir(`${path()}.lock`)).map((name) => Number.parseInt(name, 10) || 0)
  await writeFile(`${path()}.lock/${Math.max(0, ...names) + 1}`, `${hostname()} 999999999 1`)
}

describe('a crash', () => {
  it('at every byte of the first append loses it whole and nothing else', async () => {
    const store = await openStore()
    await append(store, 'one', 'two')
    const bytes = await readFile(path())
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path(), bytes.subarray(0, length))
      const again = await openStore()
      expect(await readAll(again), `${length} bytes`).toEqual([])
      expect(await append(again, 'three')).toBe(1)
      expect(await readAll(await openStore())).toEqual(['three'])
      await again.close()
    }
  })

  it('at every byte of a later append loses all records of that append and none before it', async () => {
    const store = await openStore()
    await append(store, 'one')
    const whole = (await stat(path())).size
    await append(store, 'two', 'three', 'four')
    const bytes = await readFile(path())
    for (let length = whole; length <= bytes.length; length++) {
      await writeFile(path(), bytes.subarray(0, length))
      const again = await openStore()
      const expected = length === bytes.length ? ['one', 'two', 'three', 'four'] : ['one']
      expect(await readAll(again), `${length} bytes`).toEqual(expected)
      expect(await append(again, 'five')).toBe(expected.length + 1)
      expect(await readAll(await openStore())).toEqual([...expected, 'five'])
      await again.close()
    }
  })

  it('that left the length of an append and only some of its bytes loses that append', async () => {
    const store = await openStore()
    await append(store, 'one')
    const whole = (await stat(path())).size
    await append(store, 'two', 'three')
    const bytes = await readFile(path())
    for (let kept = whole; kept < bytes.length; kept++) {
      const torn = Uint8Array.from(bytes)
      torn.fill(0, kept)
      await writeFile(path(), torn)
      // The last bytes of a record may be zeros by themselves; here they are not.
      expect(await readAll(await openStore()), `${kept} bytes`).toEqual(['one'])
    }
    await writeFile(path(), new Uint8Array(500))
    expect(await readAll(await openStore())).toEqual([])
    expect(await append(await openStore(), 'new')).toBe(1)
  })

  it('at every byte of the log replays to a state that some prefix of the calls led to', async () => {
    const ledger = await openFile()
    const states = [ledger.totals()]
    const sizes = [0]
    const remember = async (call: Promise<void>): Promise<void> => {
      await call
      states.push(ledger.totals())
      sizes.push((await stat(path())).size)
    }
    await remember(reserve(ledger, 'a', 3n))
    await remember(reserve(ledger, 'b', 5n))
    await remember(ledger.settle('a', 1n))
    await remember(ledger.recordReceipt('a', '{}'))
    await remember(ledger.release('b'))
    const bytes = await readFile(path())
    for (let length = 0; length <= bytes.length; length++) {
      await writeFile(path(), bytes.subarray(0, length))
      const again = await openFile()
      expect(again.totals(), `${length} bytes`).toEqual(states[sizes.findLastIndex((size) => size <= length)])
      await again.close()
    }
  })
})

describe('a crash in a compaction', () => {
  /** A log of five records, its state before, and the files that a whole compaction makes of it. */
  async function compacted(): Promise<{ before: Uint8Array; archive: Uint8Array; after: Uint8Array }> {
    const store = await openStore()
    await append(store, 'a', 'b', 'c', 'd', 'e')
    await store.withLock(() => store.compaction!.replace(words('sum'), words('a')))
    await append(store, 'f', 'g')
    const before = await readFile(path())
    await store.withLock(() => store.compaction!.replace(words('sum2'), words('b', 'c')))
    const result = { before, archive: await readFile(`${path()}.archive`), after: await readFile(path()) }
    await store.close()
    return result
  }
  const archive = async (store: LedgerStore): Promise<string[]> =>
    store.withLock(async () => (await store.compaction!.readArchive(0)).map((bytes) => new TextDecoder().decode(bytes)))

  it('at any byte of the archive, or of the new log, leaves the old log, and the next compaction is whole', async () => {
    const { before, archive: archived, after } = await compacted()
    const firstLength = await (async () => {
      await writeFile(path(), before)
      return new DataView(before.buffer, before.byteOffset).getUint32(8, true)
    })()
    for (let length = firstLength; length <= archived.length; length++) {
      for (const next of length < archived.length ? [undefined] : Array.from(after.keys())) {
        await writeFile(path(), before)
        await writeFile(`${path()}.archive`, archived.subarray(0, length))
        if (next !== undefined) await writeFile(`${path()}.next`, after.subarray(0, next))
        await leaveDeadLock()
        const store = await openStore()
        expect(await readAll(store)).toEqual(['sum', 'f', 'g'])
        expect(await archive(store)).toEqual(['a'])
        expect(await append(store, 'h')).toBe(4)
        await store.withLock(() => store.compaction!.replace(words('sum3'), words('x')))
        expect([await readAll(await openStore()), await archive(store)]).toEqual([['sum3'], ['a', 'x']])
        await store.close()
      }
    }
  })

  it('after the rename leaves the new log, which a process with the old one open finds', async () => {
    const { before, archive: archived, after } = await compacted()
    await writeFile(path(), before)
    const store = await openStore()
    expect(await readAll(store)).toEqual(['sum', 'f', 'g'])
    await unlink(path())
    await writeFile(path(), after)
    await writeFile(`${path()}.archive`, archived)
    await leaveDeadLock()
    expect(await readAll(store)).toEqual(['sum2'])
    expect(await archive(store)).toEqual(['a', 'b', 'c'])
    expect(await append(store, 'h')).toBe(2)
    expect(await readAll(await openStore())).toEqual(['sum2', 'h'])
  })

  it('fails without harm when the new file cannot be written', async () => {
    const ledger = await openFile(4)
    await mkdir(`${path()}.next`)
    for (let index = 0; index < 20; index++) {
      await reserve(ledger, `i${index}`, 10n)
      await ledger.settle(`i${index}`, 1n)
    }
    expect(ledger.totals().totalNano).toBe(20n)
    expect((await openFile()).totals().totalNano).toBe(20n)
  })

  it('keeps the old log when the disk takes only a part of the new one', async () => {
    const ledger = await openFile(4)
    await reserve(ledger, 'a', 10n)
    await reserve(ledger, 'b', 10n)
    const handle = await open(path())
    const prototype = Object.getPrototypeOf(handle) as typeof handle
    await handle.close()
    // What a full disk does: the call succeeds, and says that fewer bytes were written.
    const { write, writev } = prototype
    const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.min(bytes.length, 30))
    const spies = [
      vi.spyOn(prototype, 'writev').mockImplementation(function (this: typeof handle, parts, ...rest) {
        return writev.call(this, [cut(Buffer.concat(parts as Uint8Array[]))], ...rest) as never
      }),
      vi.spyOn(prototype, 'write').mockImplementation(function (this: typeof handle, bytes: never, ...rest: never[]) {
        const isNew = (bytes as Uint8Array).length > 200
        return Reflect.apply(write, this, isNew ? [cut(bytes), 0, 30, rest[2]] : [bytes, ...rest])
      } as never)
    ]
    try {
      for (let index = 0; index < 20; index++) {
        await reserve(ledger, `i${index}`, 10n)
        await ledger.settle(`i${index}`, 1n)
      }
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    expect((await openFile()).totals()).toMatchObject({ totalNano: 40n, reservedNano: 20n })
  })
})

describe('damage', () => {
  it('is refused at every bit, in the last append too', async () => {
    const store = await openStore()
    await append(store, 'one')
    await append(store, 'two')
    const bytes = await readFile(path())
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const wrong = Uint8Array.from(bytes)
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      await writeFile(path(), wrong)
      const again = await openStore()
      await expect(readAll(again), `bit ${bit}`).rejects.toMatchObject({ code: 'ERR_LEDGER' })
      await again.close()
    }
  })

  it('is refused: a shorter file, a file that is gone, an archive that is gone, something else', async () => {
    const ledger = await openFile()
    await reserve(ledger, 'a', 1n)
    await truncate(path(), 30)
    await expect(ledger.refresh()).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    await unlink(path())
    await expect(ledger.refresh()).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    const store = await openStore()
    await append(store, 'a')
    await store.withLock(() => store.compaction!.replace(words('s'), words('a')))
    await unlink(`${path()}.archive`)
    const again = await openStore()
    await expect(again.withLock(() => again.compaction!.readArchive(0))).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    for (const text of ['this is a letter to my grandmother', 'a note']) {
      await writeFile(path(), text)
      await expect(openFile()).rejects.toMatchObject({ code: 'ERR_LEDGER' })
      expect(await readFile(path(), 'utf8')).toBe(text)
    }
  })

  it('is refused: a head of zeros before records, which a crash cannot leave', async () => {
    const store = await openStore()
    await append(store, 'one')
    const bytes = await readFile(path())
    await writeFile(path(), bytes.fill(0, 0, 24))
    const again = await openStore()
    await expect(append(again, 'two')).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    expect((await stat(path())).size).toBe(bytes.length)
  })

  it('refuses records that no reader would take, and a write without the lock', async () => {
    const store = await openStore()
    for (const record of [new Uint8Array(0), new Uint8Array(1_048_577)])
      await expect(store.withLock(() => store.append([record]))).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    await expect(store.append(words('a'))).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    await expect(store.compaction!.replace(words('a'), [])).rejects.toMatchObject({ code: 'ERR_LEDGER' })
  })
})

describe('the file', () => {
  it('is for its owner, before and after a compaction, by whatever name it is opened', async () => {
    await mkdir(join(directory, 'elsewhere'))
    const target = join(directory, 'elsewhere', 'real.log')
    const direct = await openStore({ path: target })
    await append(direct, 'a')
    await symlink(target, path())
    const named = await openStore()
    await append(named, 'b')
    await named.withLock(() => named.compaction!.replace(words('sum'), words('a')))
    expect(await readAll(direct)).toEqual(['sum'])
    expect(await append(direct, 'c')).toBe(2)
    expect(await readAll(named)).toEqual(['sum', 'c'])
    for (const file of [target, `${target}.archive`]) expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('stays short while the history grows', async () => {
    const ledger = await openFile(64)
    for (let index = 0; index < 300; index++) {
      await reserve(ledger, `i${index}`, 2n)
      await ledger.settle(`i${index}`, index % 3 === 0 ? 1n : 0n)
    }
    expect((await readAll(await openStore())).length).toBeLessThan(130)
    expect((await openFile()).totals().totalNano).toBe(100n)
  })
})

describe('the lock', () => {
  it('is taken over from a process that is gone, and waited for while it lives', async () => {
    await leaveDeadLock()
    const ledger = await openFile()
    await reserve(ledger, 'a', 1n)
    await writeFile(`${path()}.lock/999`, `${hostname()} ${process.ppid} `)
    const store = await openStore({ lockTimeoutMs: 50 })
    await expect(openLedger({ store, clock: new FakeClock() })).rejects.toMatchObject({
      code: 'ERR_LEDGER_LOCKED',
      retryable: true
    })
    await appendFile(`${path()}.lock/999`, '')
  })

  it('is not had twice through a name that was free a moment ago', async () => {
    const store = await openStore()
    await append(store, 'a')
    const free = (await readdir(`${path()}.lock`)).find((name) => name.endsWith('.free'))!
    const holder = (await readdir(`${path()}.lock`)).find((name) => name.startsWith('holder-'))!
    // A stale process links the number that has just been freed, and dies before it looks again.
    await link(`${path()}.lock/${holder}`, `${path()}.lock/${free.replace('.free', '')}`)
    const second = await openStore({ lockTimeoutMs: 50 })
    // It is this process by name, so it lives: nobody else gets in until it is gone.
    await expect(append(second, 'b')).rejects.toMatchObject({ code: 'ERR_LEDGER_LOCKED' })
    await unlink(`${path()}.lock/${free.replace('.free', '')}`)
    expect(await append(second, 'b')).toBe(2)
  })

  it('is not taken from a process of another container, whose number means nothing here', async () => {
    await mkdir(`${path()}.lock`)
    await writeFile(`${path()}.lock/7`, `${hostname()} 999999999 1 pid:[1]`)
    const store = await openStore({ lockTimeoutMs: 50 })
    await expect(append(store, 'a')).rejects.toMatchObject({ code: 'ERR_LEDGER_LOCKED' })
    // Nobody holds it for a minute: that container was killed.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    try {
      expect(await append(store, 'a')).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('can be had once the directory can be made, also after it could not', async () => {
    await writeFile(`${path()}.lock`, '')
    const store = await openStore()
    await expect(append(store, 'a')).rejects.toMatchObject({ code: 'EEXIST' })
    await unlink(`${path()}.lock`)
    expect(await append(store, 'a')).toBe(1)
  })

  it('leaves a bounded number of files, and removes those of the dead', async () => {
    await mkdir(`${path()}.lock`)
    await writeFile(`${path()}.lock/holder-1-dead`, `${hostname()} 999999999 1`)
    const store = await openStore()
    for (let index = 0; index < 60; index++) await append(store, 'x')
    const names = await readdir(`${path()}.lock`)
    expect(names.length).toBeLessThan(25)
    expect(names).not.toContain('holder-1-dead')
    await store.close()
    expect((await readdir(`${path()}.lock`)).filter((name) => name.startsWith('holder-'))).toEqual([])
  })

  it('belongs to copies of the file as little as the archive does', async () => {
    const store = await openStore()
    await append(store, 'a')
    await copyFile(path(), `${path()}.copy`)
    const copy = await openStore({ path: `${path()}.copy` })
    await append(copy, 'b')
    expect(await readAll(store)).toEqual(['a'])
  })
})
