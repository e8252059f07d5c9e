/** The example of the start page: a small picture, and what this server makes of it. */
import { Divider } from "./divider.js";

/** onTry(file) is called when a person wants the example as their picture. */
export function showExample(stage, button, onTry) {
  const [before, after] = [stage.querySelector(".before"), stage.querySelector(".after")];
  const divider = new Divider(stage.querySelector(".divider"), draw);
  function draw() {
    divider.place({ left: 0, top: 0, right: stage.clientWidth, bottom: stage.clientHeight });
    before.style.clipPath = `inset(0 ${(1 - divider.part) * 100}% 0 0)`;
  }
  new ResizeObserver(draw).observe(stage);
  const fail = () => (stage.parentElement.hidden = true); // the page opens without a network too
  for (const img of [before, after]) if (img.complete && !img.naturalWidth) fail();
  before.onerror = after.onerror = fail;
  button.onclick = async () => {
    const blob = await (await fetch(before.src)).blob();
    onTry(new File([blob], "example.jpg", { type: blob.type }));
  };
}
