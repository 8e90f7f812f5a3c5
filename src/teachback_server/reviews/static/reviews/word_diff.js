// Word diff as you type. The server's word_diff.py is the one that counts; this one only paints the same thing at once.

// Whitespace; characters of scripts that put no space between words, one by one; words with what joins their parts; signs.
const TOKENS = /\s+|[\u3040-\u30ff\u3400-\u9fff]|(?:(?![\u3040-\u30ff\u3400-\u9fff])[\p{L}\p{N}_])+(?:['’.:/@-](?:(?![\u3040-\u30ff\u3400-\u9fff])[\p{L}\p{N}_])+)*|./gsu;
const MOST_COMPARISONS = 250_000;
const SHORT_WORD_LETTERS = 4;

/** Segments [{kind: "equal" | "removed" | "added", text}] that join back to both texts. */
export function diffWords(before, after) {
  if (before === after) return before ? [{ kind: "equal", text: before }] : [];
  const old = before.match(TOKENS) ?? [];
  const now = after.match(TOKENS) ?? [];
  const runs = old.length * now.length > MOST_COMPARISONS
    ? [{ equal: false, before: old, after: now }]
    : mergeNear(listRuns(old, now));
  return runs.flatMap(toSegments).filter((segment) => segment.text);
}

function toSegments(run) {
  if (run.equal) return [{ kind: "equal", text: run.before.join("") }];
  return [{ kind: "removed", text: run.before.join("") }, { kind: "added", text: run.after.join("") }];
}

// Longest common subsequence over what lies between the equal beginning and the equal end.
function listRuns(old, now) {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let oldEnd = old.length;
  let nowEnd = now.length;
  while (oldEnd > start && nowEnd > start && old[oldEnd - 1] === now[nowEnd - 1]) { oldEnd--; nowEnd--; }
  const runs = [];
  for (let i = 0; i < start; i++) push(runs, true, old[i], now[i]);
  walk(old.slice(start, oldEnd), now.slice(start, nowEnd), runs);
  for (let i = oldEnd; i < old.length; i++) push(runs, true, old[i], old[i]);
  return runs;
}

function walk(old, now, runs) {
  const width = now.length + 1;
  const longest = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let k = now.length - 1; k >= 0; k--) {
      const here = i * width + k;
      longest[here] = old[i] === now[k] ? longest[here + width + 1] + 1 : Math.max(longest[here + width], longest[here + 1]);
    }
  }
  let i = 0;
  let k = 0;
  while (i < old.length || k < now.length) {
    if (i < old.length && k < now.length && old[i] === now[k]) push(runs, true, old[i++], now[k++]);
    else if (k >= now.length || (i < old.length && longest[(i + 1) * width + k] >= longest[i * width + k + 1])) push(runs, false, old[i++], null);
    else push(runs, false, null, now[k++]);
  }
}

function push(runs, equal, before, after) {
  let run = runs.at(-1);
  if (!run || run.equal !== equal) runs.push(run = { equal, before: [], after: [] });
  if (before !== null) run.before.push(before);
  if (after !== null) run.after.push(after);
}

// Changes with one short word between them are shown as one, or they read like confetti.
function mergeNear(runs) {
  const merged = [];
  for (let run of runs) {
    const gap = merged.at(-1);
    const first = merged.at(-2);
    if (first && belongTogether(first, gap, run)) {
      merged.splice(-2);
      run = { equal: false, before: [...first.before, ...gap.before, ...run.before], after: [...first.after, ...gap.after, ...run.after] };
    }
    merged.push(run);
  }
  return merged;
}

function belongTogether(first, gap, second) {
  if (first.equal || !gap.equal || second.equal) return false;
  if (!(first.before.length || second.before.length) || !(first.after.length || second.after.length)) return false;
  const words = gap.before.filter((token) => token.trim());
  return words.length === 0 || (words.length === 1 && words[0].length <= SHORT_WORD_LETTERS);
}
