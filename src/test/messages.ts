import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** sourceMessages collects the messages that the sources ask t() for: text by key. */
export function sourceMessages(root: string): Map<string, string> {
  const messages = new Map<string, string>();
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.tsx?$/.test(name) && !/\.test\.|^test|^(i18n|remedies)\.ts$/.test(name),
  );
  for (const name of files) {
    const file = join(root, name);
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't') {
        const [id, text] = node.arguments;
        if (!ts.isStringLiteralLike(id) || !ts.isStringLiteralLike(text)) {
          throw new Error(`${file}: a message has a literal key and a literal text: ${node.getText()}`);
        }
        if (messages.has(id.text) && messages.get(id.text) !== text.text) {
          throw new Error(`${file}: ${id.text} has two messages: "${messages.get(id.text)}", "${text.text}"`);
        }
        messages.set(id.text, text.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return messages;
}
