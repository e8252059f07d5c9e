/** The ways a picture comes in: chosen, photographed, dropped, pasted. */

/** onFile(file) is called with each picture, onNothing(sentence) where something else was dropped or pasted. */
export function watchPicks({ inputs, dropSign, onFile, onNothing }) {
  for (const input of inputs)
    input.addEventListener("change", () => {
      const [file] = input.files;
      input.value = ""; // so that the same file can be chosen again
      if (file) onFile(file);
    });

  addEventListener("dragenter", ({ dataTransfer }) => (dropSign.hidden = !dataTransfer.types.includes("Files")));
  addEventListener("dragleave", ({ relatedTarget }) => (dropSign.hidden ||= !relatedTarget)); // it has left the window
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    dropSign.hidden = true;
    take(event.dataTransfer, "That is no file. Save the picture first, then drop the file.");
  });
  addEventListener("paste", (event) => take(event.clipboardData, "There is no picture in the clipboard. Copy one first."));

  function take(transfer, otherwise) {
    const files = [...transfer.files];
    const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
    if (file) onFile(file);
    else onNothing(otherwise);
  }
}
