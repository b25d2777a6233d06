// Sources open beside the page; the conversation stays in view. Without this script links lead to the source itself.
(() => {
  let opener = null;
  const panel = () => document.getElementById('xm-panel');

  function open(link) {
    const aside = panel();
    if (!aside) return false;
    opener = link;
    const place = link.getAttribute('aria-label') || link.textContent.trim();
    aside.querySelector('#xm-panel-title').textContent = place.replace(/^Source \d+: /, '') || 'Source';
    aside.querySelector('#xm-panel-alone').href = link.href;
    const frame = aside.querySelector('iframe');
    if (!frame.onload) frame.onload = shown;
    aside.setAttribute('aria-busy', 'true');
    frame.contentWindow.location.replace(link.href);
    aside.hidden = false;
    document.body.classList.add('xm-beside');
    aside.querySelector('#xm-panel-title').focus({preventScroll: true});
    return true;
  }

  function shown(event) {
    const beside = event.target.contentDocument;
    if (!beside || beside.URL === 'about:blank') return;
    beside.documentElement.classList.add('beside');
    const mark = beside.querySelector('mark');
    if (mark) mark.scrollIntoView({block: 'center'});
    beside.addEventListener('keydown', key => { if (key.key === 'Escape') close(); });
    panel().removeAttribute('aria-busy');
  }

  function close() {
    panel().hidden = true;
    document.body.classList.remove('xm-beside');
    if (opener && opener.isConnected) opener.focus({preventScroll: true});
  }

  document.addEventListener('click', event => {
    const link = event.target.closest('a[href^="/source/"]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && open(link)) event.preventDefault();
    if (event.target.closest('#xm-panel-close')) close();
    if (event.target.closest('[role="tab"]') && panel() && !panel().hidden) {
      opener = null;  // it belongs to what was shown, and the focus to the tab
      close();
    }
  });
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && panel() && !panel().hidden) close();
  });

  // What is being written stays in view, unless the reader has scrolled away; at its end the question is at the top.
  let following = true;
  addEventListener('scroll', () => {
    following = innerHeight + scrollY > document.documentElement.scrollHeight - 160;
  }, {passive: true});
  new MutationObserver(changes => {
    const grown = id => changes.some(change => change.target.closest && change.target.closest(id));
    if (grown('#xm-live') && following) scrollTo({top: document.documentElement.scrollHeight});
    if (grown('#xm-log')) {
      const questions = document.querySelectorAll('#xm-log .xm-question');
      if (questions.length) questions[questions.length - 1].scrollIntoView();
    }
  }).observe(document, {childList: true, subtree: true});
})();
