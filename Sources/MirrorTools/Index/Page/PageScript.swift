/// Additional features of pages if scripts run. Pages are complete without it.
enum PageScript {
  static let text: StaticString = #"""

    'use strict';
    (() => {
      const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
      const make = (tag, text, properties = {}) =>
        Object.assign(document.createElement(tag), { textContent: text }, properties);

      // Relative dates: the page is not rewritten every day.
      const now = new Date();
      const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
      const daysSince = (time) => Math.round((today - Date.parse(time.textContent)) / 864e5);
      const span = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
      const ago = (days) =>
        Math.abs(days) < 60 ? span.format(-days, 'day')
        : Math.abs(days) < 730 ? span.format(-Math.round(days / 30.44), 'month')
        : span.format(-Math.round(days / 365.25), 'year');
      const stale = Number(document.getElementById('main').dataset.stale);
      for (const entry of all('.masthead, .rows > li')) {
        const chip = entry.querySelector('.chip.healthy');
        const time = entry.querySelector('time') || document.querySelector('#newest time');
        if (chip && time && daysSince(time) >= stale) {
          chip.className = 'chip stale';
          chip.textContent = 'stale';
        }
      }
      for (const time of all('time')) {
        time.after(make('span', ` ${ago(daysSince(time))}`, { className: 'ago' }));
      }

      // Commands that need the URL of this page.
      const word = (text) => /^[\w.,:\/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
      for (const fetch of all('.fetch')) {
        const url = new URL(fetch.dataset.href, location.href).href;
        fetch.textContent = `curl -fL ${fetch.dataset.before} ${word(url)}\n`;
      }

      // Copying.
      const copy = async (source) => {
        try {
          await navigator.clipboard.writeText(source.textContent);
        } catch {
          getSelection().selectAllChildren(source);
          document.execCommand('copy');
        }
      };
      for (const source of all('[data-copy]')) {
        const button = make('button', 'Copy', { type: 'button', className: 'copy' });
        button.setAttribute('aria-label', `Copy ${source.dataset.copy}`);
        button.addEventListener('click', async () => {
          await copy(source);
          button.textContent = 'Copied';
          setTimeout(() => { button.textContent = 'Copy'; }, 2000);
        });
        (source.closest('pre') || source).after(button);
      }

      // The filter; its state is in the URL, so that it can be shared.
      const form = document.getElementById('filter');
      if (!form) return;
      const { q, build, arch } = form.elements;
      const count = document.getElementById('count');
      const sections = all('section.build');
      const rows = all('section.arch').flatMap((section) => {
        const names = { build: section.parentElement.dataset.name, arch: section.dataset.name };
        return all('li', section).map((row) => ({
          row, ...names, text: `${names.build} ${names.arch} ${row.textContent}`.toLowerCase(),
        }));
      });
      for (const [list, key] of [[build, 'build'], [arch, 'arch']]) {
        for (const name of new Set(rows.map((row) => row[key]))) list.add(new Option(name));
      }
      const show = () => {
        const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const { row, text, ...names } of rows) {
          row.hidden = !(words.every((word) => text.includes(word))
            && [build, arch].every((list) => !list.value || list.value === names[list.name]));
          if (!row.hidden) shown += 1;
        }
        for (const section of [...all('section.arch'), ...sections]) {
          section.hidden = !section.querySelector('li:not([hidden])');
        }
        const noun = rows.length === 1 ? 'subarch' : 'subarches';
        count.textContent = shown === rows.length ? `${shown} ${noun}` : `${shown} of ${rows.length} ${noun}`;
      };
      const read = () => {
        if (/^#in\//.test(location.hash)) return;
        const wanted = new URLSearchParams(location.hash.slice(1));
        for (const control of [q, build, arch]) control.value = wanted.get(control.name) || '';
        show();
      };
      const write = () => {
        const state = new URLSearchParams();
        for (const control of [q, build, arch]) if (control.value) state.set(control.name, control.value);
        history.replaceState(null, '', `#${state}`);
        show();
      };
      form.addEventListener('submit', (event) => event.preventDefault());
      form.addEventListener('input', write);
      addEventListener('hashchange', read);
      form.hidden = false;
      read();
      show();
    })();

    """#
}
