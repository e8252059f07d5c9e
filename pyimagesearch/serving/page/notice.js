/** What the page says: errors in their place, and sentences for screen readers. */
const $ = (id) => document.getElementById(id);

/** Show a sentence, and have screen readers read it, once. */
export function say(id, sentence) {
  for (const element of [$(id), $("said")]) if (element.textContent !== sentence) element.textContent = sentence;
}

/** Tell of an error in the page, and offer to try again where `again` is given. */
export function tell(error, again) {
  if (error.name === "AbortError") return;
  $("notice").hidden = false;
  $("notice").querySelector("p").textContent = error.message;
  $("again").hidden = !again;
  $("again").onclick = () => {
    quieten();
    again();
  };
  $("notice").focus();
}

/** Move the keyboard there when work ends, unless someone is reading the notice. */
export function focusAfterWork(element) {
  if (!$("notice").contains(document.activeElement)) element.focus();
}

export function quieten() {
  $("notice").hidden = true;
}
