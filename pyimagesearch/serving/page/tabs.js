/** The tabs: enlarging and, where the server makes it, art. The address says which one is open. */
const ART = "#style";
const $ = (id) => document.getElementById(id);

export const isArt = () => !$("art-tab").hidden;

/** Offer the tabs; onOpen() is called whenever another one is open. */
export function offerTabs(onOpen) {
  const show = () => {
    const art = location.hash === ART;
    $("art-tab").hidden = !art;
    $("enlarge-tab").hidden = art;
    for (const link of $("tabs").children) {
      if ((link.hash === ART) === art) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    onOpen();
  };
  $("tabs").hidden = false;
  addEventListener("hashchange", show);
  show();
}

/** Open the tab where pictures are enlarged. */
export const openEnlarging = () => (location.hash = "#enlarge");
