/**
 * Files that commands write.
 *
 * @module
 */
import { open } from 'node:fs/promises'

/** Replaces the text of a file. @param isPrivate - Only its owner may read it, also where it was there before. */
export async function writeTextFile(path: string, text: string, isPrivate = false): Promise<void> {
  const file = await open(path, 'w', isPrivate ? 0o600 : 0o666)
  try {
    // A pipe or a terminal is not ours to change.
    if (isPrivate && (await file.stat()).isFile()) await file.chmod(0o600)
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
