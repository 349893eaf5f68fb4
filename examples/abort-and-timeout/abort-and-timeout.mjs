/** Ends calls early: by a signal, by leaving the loop, and by a budget. The network has no cancel, so all of them are charged. */
import { Cocoon, CocoonError } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'

const devnet = await startDevnet({ tokenDelayMs: 30 })
const cocoon = new Cocoon(fromDevnet(devnet))

try {
  const request = { model: 'devnet/echo', messages: [{ role: 'user', content: 'Take your time.' }], stream: true }

  // 1. A signal.
  const controller = new AbortController()
  try {
    for await (const chunk of await cocoon.chat.completions.create(request, { signal: controller.signal })) {
      if (chunk.choices[0]?.delta.content) controller.abort()
    }
  } catch (error) {
    console.log('aborted:', error.code ?? error.name)
  }

  // 2. Leaving the loop.
  for await (const chunk of await cocoon.chat.completions.create(request)) {
    if (chunk.choices[0]?.delta.content) break
  }
  console.log('left the loop after the first token')

  // 3. A total budget, from the call to the last token.
  try {
    for await (const _chunk of await cocoon.chat.completions.create(request, { timeoutMs: 150 }));
  } catch (error) {
    // The proxy gets 95 % of the budget, so its own word (652, HTTP 504) usually arrives just before ours.
    const timedOut = CocoonError.is(error, 'ERR_TIMEOUT') || (CocoonError.is(error) && error.peerCode === 652)
    console.log('timed out:', timedOut, 'charged:', error.charged)
  }
} finally {
  await cocoon.close()
  await devnet.close()
}
