/** The official OpenAI SDK, unchanged: only its `fetch` is ours. */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import OpenAI from 'openai'

const devnet = await startDevnet()
const cocoon = new Cocoon(fromDevnet(devnet))

try {
  // The address and the key are never used: every request goes through the proxy connection.
  const openai = new OpenAI({ baseURL: 'http://cocoon.invalid/v1', apiKey: 'unused', fetch: cocoon.fetch })

  const stream = await openai.chat.completions.create({
    model: 'devnet/echo',
    messages: [{ role: 'user', content: 'Do you know which SDK this is?' }],
    stream: true
  })
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')
  process.stdout.write('\n')
} finally {
  await cocoon.close()
  await devnet.close()
}
