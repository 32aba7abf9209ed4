// The tokeniser that colours XQL. It follows the lexer's rules for strings and comments (a backslash
// takes the next character along; triple quotes; // and /* */), and knows no grammar: mistakes are
// for the server to find.

import type { StreamParser, StringStream } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { FUNCTIONS, KEYWORDS, STAGES } from "./words";

export interface TokenState {
  /** Inside a comment or triple-quoted string that spans lines. */
  inside: "comment" | "triple" | null;
  /** The next word names a stage: start of the query, after a pipe or an opening parenthesis. */
  stage: boolean;
}

const stages = new Set(STAGES);
const keywords = new Set(KEYWORDS);
const functions = new Set(FUNCTIONS);

const WORD = /^[\p{L}_][\p{L}\p{N}_.]*/u;
const NUMBER = /^\d+(\.\d+)?(?![\p{L}_])/u;
/** `24h`, `30d`. */
const SPAN = /^\d+(ms|mo|s|m|h|d|w|y)\b/i;

function token(stream: StringStream, state: TokenState): string | null {
  if (state.inside === "comment") return comment(stream, state);
  if (state.inside === "triple") return triple(stream, state);
  if (stream.eatSpace()) return null;
  if (stream.match("//")) {
    stream.skipToEnd();
    return "comment";
  }
  if (stream.match("/*")) {
    state.inside = "comment";
    return comment(stream, state);
  }
  const stageMayFollow = state.stage;
  state.stage = false;
  if (stream.match('"""')) {
    state.inside = "triple";
    return triple(stream, state);
  }
  if (stream.eat('"')) return plain(stream);
  if (stream.eat("`")) {
    if (!stream.skipTo("`")) stream.skipToEnd();
    stream.eat("`");
    return "variableName";
  }
  if (stream.match(SPAN) || stream.match(NUMBER)) return "number";
  if (stream.match(WORD)) return word(stream, stageMayFollow);
  const char = stream.next();
  if (char === "|" || char === "(") {
    // A parenthesis opens a sub-query only where a stage name follows; elsewhere the word decides.
    state.stage = true;
    return char === "|" ? "separator" : "paren";
  }
  if (char === ")") return "paren";
  if (char && "=!<>~-".includes(char)) {
    stream.match(/^[=<>~]+/);
    return "operator";
  }
  return null;
}

function word(stream: StringStream, stageMayFollow: boolean): string {
  const text = stream.current().toLowerCase();
  const called = stream.match(/^\s*\(/, false);
  if (called && functions.has(text)) return "functionName";
  if (stageMayFollow && stages.has(text)) return "stage";
  if (keywords.has(text)) return "keyword";
  return called ? "functionName" : "variableName";
}

function comment(stream: StringStream, state: TokenState): string {
  if (stream.skipTo("*/")) {
    stream.match("*/");
    state.inside = null;
  } else {
    stream.skipToEnd();
  }
  return "comment";
}

function triple(stream: StringStream, state: TokenState): string {
  if (stream.skipTo('"""')) {
    stream.match('"""');
    state.inside = null;
  } else {
    stream.skipToEnd();
  }
  return "string";
}

/** The rest of a plain string; one that the line ends in is coloured to the line's end. */
function plain(stream: StringStream): string {
  let char: string | void;
  while ((char = stream.next())) {
    if (char === "\\") stream.next();
    else if (char === '"') break;
  }
  return "string";
}

export const xqlParser: StreamParser<TokenState> = {
  name: "xql",
  startState: () => ({ inside: null, stage: true }),
  copyState: (state) => ({ ...state }),
  token,
  languageData: {
    commentTokens: { line: "//", block: { open: "/*", close: "*/" } },
    closeBrackets: { brackets: ["(", '"'] },
  },
  tokenTable: { stage: tags.definitionKeyword, functionName: tags.function(tags.variableName) },
};
