/** The ways a picture comes in: chosen, photographed, dropped, pasted. */

/**
 * onFiles(files, target) is called with pictures, and where they were dropped or pasted; onNothing(sentence) where
 * something else was.
 */
export function watchPicks({ inputs, dropSign, onFiles, onNothing }) {
  for (const input of inputs)
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = ""; // so that the same file can be chosen again
      if (files.length) onFiles(files);
    });

  addEventListener("dragenter", ({ dataTransfer }) => (dropSign.hidden = !dataTransfer.types.includes("Files")));
  addEventListener("dragleave", ({ relatedTarget }) => (dropSign.hidden ||= !relatedTarget)); // it has left the window
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    dropSign.hidden = true;
    take(event, event.dataTransfer, "That is no file. Save the picture first, then drop the file.");
  });
  const nothing = "There is no picture in the clipboard. Copy one first.";
  addEventListener("paste", (event) => take(event, event.clipboardData, nothing));

  function take({ target }, transfer, otherwise) {
    const files = [...transfer.files];
    const pictures = files.filter(({ type }) => type.startsWith("image/"));
    if (files.length) onFiles(pictures.length ? pictures : files, target); // some pictures have a type that no browser knows
    else onNothing(otherwise);
  }
}
