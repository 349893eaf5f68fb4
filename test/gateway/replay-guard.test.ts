import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type Authorize,
  memoryReplayGuard,
  type ReplayGuard,
  telegramInitData,
  telegramInitDataThirdParty
} from '../../src/gateway/index.js'

const BOT_TOKEN = '7342037359:AAHI25ES9xCOMPokpYoz-p8XVrZUdygo2J4'
/** Published test data of Telegram-Mini-Apps/init-data-golang, signed both ways. */
const GENUINE =
  'user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%2C%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320%5C%2F4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151&chat_type=private&auth_date=1733509682&signature=TYJxVcisqbWjtodPepiJ6ghziUL94-KNpG8Pau-X7oNNLNBM72APCpi_RKiUlBvcqo5L-LAxIc3dnTzcZX_PDg&hash=a433d8f9847bd6addcc563bff7cc82c89e97ea0d90c11fe5729cae6796a36d73'
const SIGNED_AT = 1_733_509_682
const REFUSED = { code: 'ERR_UNAUTHORIZED', httpStatus: 401 }

const present = (
  authorize: Authorize,
  text: string,
  headers: Record<string, string> = {},
  nowMs = SIGNED_AT * 1000
): Promise<unknown> =>
  Promise.resolve().then(() =>
    authorize({
      method: 'POST',
      url: new URL('https://gateway.test/v1/chat/completions'),
      headers: new Headers({ authorization: `tma ${text}`, ...headers }),
      nowMs
    })
  )

function signed(user: number, authDate = SIGNED_AT): string {
  const fields = { auth_date: String(authDate), user: `{"id":${user}}` }
  const key = createHmac('sha256', 'WebAppData').update(BOT_TOKEN).digest()
  const text = `auth_date=${fields.auth_date}\nuser=${fields.user}`
  return new URLSearchParams({ ...fields, hash: createHmac('sha256', key).update(text).digest('hex') }).toString()
}

const byToken = (replay: ReplayGuard): Authorize => telegramInitData({ botToken: BOT_TOKEN, replay })
const byKey = (replay: ReplayGuard): Authorize => telegramInitDataThirdParty({ botId: 7_342_037_359, replay })

describe('memoryReplayGuard', () => {
  test.each([
    ['telegramInitData', byToken],
    ['telegramInitDataThirdParty', byKey]
  ])('%s takes a sign-in once, however it is spelled the second time', async (_name, make) => {
    const authorize = make(memoryReplayGuard())
    await expect(present(authorize, GENUINE)).resolves.toBeDefined()
    const spellings = [
      GENUINE,
      GENUINE.split('&').toReversed().join('&'),
      GENUINE.replace('private', '%70rivate'),
      GENUINE.replaceAll('%20', '+')
    ]
    for (const text of spellings) await expect(present(authorize, text)).rejects.toMatchObject(REFUSED)
  })

  test('fields that a signature does not cover make no new sign-in of an old one', async () => {
    const guard = memoryReplayGuard()
    await expect(present(byKey(guard), GENUINE)).resolves.toBeDefined()
    const otherHash = GENUINE.replace(/hash=\w+/, `hash=${'0'.repeat(64)}`)
    await expect(present(byKey(memoryReplayGuard()), otherHash)).resolves.toBeDefined()
    await expect(present(byKey(guard), otherHash)).rejects.toMatchObject(REFUSED)
    // Nor does the other way of checking it.
    await expect(present(byToken(guard), GENUINE)).rejects.toMatchObject(REFUSED)
  })

  test('a forged or stale sign-in takes no place', async () => {
    const authorize = byToken(memoryReplayGuard({ maxEntries: 1 }))
    await expect(present(authorize, signed(1).replace('%3A1', '%3A2'))).rejects.toMatchObject(REFUSED)
    await expect(present(authorize, signed(1), {}, (SIGNED_AT + 3661) * 1000)).rejects.toMatchObject(REFUSED)
    await expect(present(authorize, signed(1))).resolves.toBeDefined()
  })

  test('of many at once, one is the first', async () => {
    const authorize = byToken(memoryReplayGuard())
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => present(authorize, GENUINE)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('counts uses', async () => {
    const authorize = byToken(memoryReplayGuard({ maxUses: 3 }))
    for (let use = 0; use < 3; use++) await expect(present(authorize, GENUINE)).resolves.toBeDefined()
    await expect(present(authorize, GENUINE)).rejects.toMatchObject(REFUSED)
    await expect(present(authorize, signed(7))).resolves.toBeDefined()
  })

  test('binds a sign-in to who used it first', async () => {
    const bind = ({ headers }: { headers: Headers }): string | undefined => headers.get('x-page-secret') ?? undefined
    const authorize = byToken(memoryReplayGuard({ bind }))
    for (let use = 0; use < 50; use++)
      await expect(present(authorize, GENUINE, { 'x-page-secret': 'first' })).resolves.toBeDefined()
    await expect(present(authorize, GENUINE, { 'x-page-secret': 'second' })).rejects.toMatchObject(REFUSED)
    await expect(present(authorize, GENUINE)).rejects.toMatchObject(REFUSED)
    await expect(present(authorize, GENUINE, { 'x-page-secret': 'x'.repeat(257) })).rejects.toMatchObject(REFUSED)
  })

  test('when full it refuses the new instead of forgetting the old, until the old have expired', async () => {
    const authorize = byToken(memoryReplayGuard({ maxEntries: 2 }))
    await expect(present(authorize, signed(1))).resolves.toBeDefined()
    await expect(present(authorize, signed(2))).resolves.toBeDefined()
    await expect(present(authorize, signed(3))).rejects.toMatchObject(REFUSED)
    await expect(present(authorize, signed(1))).rejects.toMatchObject(REFUSED)
    const later = SIGNED_AT + 7200
    await expect(present(authorize, signed(3, later), {}, later * 1000)).resolves.toBeDefined()
  })

  test('a guard of the caller’s decides, and what it throws refuses', async () => {
    const seen: unknown[] = []
    const authorize = byToken({
      async admit({ id, expiresAtMs }) {
        seen.push([id, expiresAtMs])
        return seen.length === 1
      }
    })
    await expect(present(authorize, GENUINE)).resolves.toBeDefined()
    await expect(present(authorize, GENUINE)).rejects.toMatchObject(REFUSED)
    expect(seen[0]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), (SIGNED_AT + 3660) * 1000])
    expect(seen[1]).toEqual(seen[0])
  })

  test.each([{ maxUses: 0 }, { maxUses: Number.NaN }, { maxEntries: 0 }])('refuses %o', (options) => {
    expect(() => memoryReplayGuard(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
  })
})
