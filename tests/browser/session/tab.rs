//! A tab or window of the browser, and what a person sees and does in it.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use hourgate::time::Timestamp;
use serde_json::{Value, json};

use super::house::House;
use crate::programs::wait::eventually;

#[derive(Clone)]
pub(crate) struct Tab<'house> {
    house: &'house House,
    window: WindowHandle,
}

impl<'house> Tab<'house> {
    pub(crate) const fn of(house: &'house House, window: WindowHandle) -> Self {
        Self { house, window }
    }

    /// The driver, turned to this tab.
    pub(crate) async fn page(&self) -> &'house Client {
        let page = self.house.chromium.page();
        page.switch_to_window(self.window.clone()).await.unwrap();
        page
    }

    /// Runs a script as somebody at the console would.
    pub(crate) async fn execute(&self, script: &str) -> Value {
        self.page().await.execute(script, vec![]).await.unwrap()
    }

    /// Returns when the app's page is there and has asked what it asks at first.
    pub(crate) async fn is_at_the_app(&self) {
        let page = self.page().await;
        eventually("the app's page", async || {
            let there = "return document.readyState === 'complete' && typeof hourgate === 'object'";
            page.execute(there, vec![]).await.is_ok_and(|there| there == true).then_some(())
        })
        .await;
        self.run().await;
    }

    // === time ===

    pub(crate) async fn set_clock(&self, at: Timestamp) {
        let set = "window.testClock?.set(arguments[0])";
        self.page().await.execute(set, vec![at.as_millis().into()]).await.unwrap();
    }

    /// Lets the page do what is due.
    pub(crate) async fn run(&self) {
        let run = "const done = arguments[0];
            if (window.testClock === undefined) done(null);
            else testClock.run().then(() => done(null), (error) => done(String(error)))";
        assert_eq!(self.page().await.execute_async(run, vec![]).await.unwrap(), Value::Null);
    }

    // === what a person sees ===

    /// The words in the dialog, those for screen readers among them; nothing if there is no dialog now.
    pub(crate) async fn dialog(&self) -> String {
        let words =
            "const dialog = document.getElementById('hourgate-session')?.shadowRoot.querySelector('dialog');
            return dialog?.open ? dialog.innerText : ''";
        self.execute(words).await.as_str().unwrap().to_owned()
    }

    /// The words in the dialog, once these are among them.
    pub(crate) async fn shows(&self, words: &str) -> String {
        eventually(&format!("the dialog says {words:?}"), async || {
            Some(self.dialog().await).filter(|dialog| dialog.contains(words))
        })
        .await
    }

    /// Returns when there is no dialog.
    pub(crate) async fn shows_no_dialog(&self) {
        eventually("the dialog is closed", async || self.dialog().await.is_empty().then_some(())).await;
    }

    /// What is in the form's field.
    pub(crate) async fn remark(&self) -> Value {
        self.execute("return document.getElementById('remark').value").await
    }

    /// The id of what has the focus, within the dialog too.
    pub(crate) async fn focus(&self) -> String {
        let focus =
            "const at = document.activeElement; return (at?.shadowRoot?.activeElement ?? at)?.id ?? ''";
        self.execute(focus).await.as_str().unwrap().to_owned()
    }

    /// How the gateway answers a script of the page: status and challenge.
    pub(crate) async fn fetch(&self) -> (u64, String) {
        let fetch = "const done = arguments[0];
            fetch('/api/news').then((answer) => done([answer.status, answer.headers.get('www-authenticate')]))";
        let answer = self.page().await.execute_async(fetch, vec![]).await.unwrap();
        (answer[0].as_u64().unwrap(), answer[1].as_str().unwrap_or_default().to_owned())
    }

    // === what a person does ===

    /// Types into the form's field.
    pub(crate) async fn types(&self, text: &str) {
        self.page().await.find(Locator::Id("remark")).await.unwrap().send_keys(text).await.unwrap();
        self.run().await;
    }

    /// Clicks a button of the dialog.
    pub(crate) async fn press(&self, choice: &str) {
        self.button(choice).await.click().await.unwrap();
    }

    async fn button(&self, choice: &str) -> Element {
        let host = self.page().await.find(Locator::Id("hourgate-session")).await.unwrap();
        let id = format!("#hourgate-{choice}");
        host.shadow_root().await.unwrap().find(Locator::Css(&id)).await.unwrap()
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn key(&self, key: Key) {
        self.stroke(key.into()).await;
    }

    /// Presses the key of a letter, wherever the focus is.
    pub(crate) async fn stroke(&self, value: char) {
        let stroke = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        self.page().await.perform_actions(stroke).await.unwrap();
    }

    /// Marks the page as it is; a page that was loaded again has no mark.
    pub(crate) async fn mark(&self) {
        self.execute("window.marked = true").await;
    }

    pub(crate) async fn is_still_the_same_page(&self) -> bool {
        self.execute("return window.marked === true").await == json!(true)
    }

    /// The window that was opened from this tab, the only other one.
    pub(crate) async fn popup(&self) -> Tab<'house> {
        let page = self.house.chromium.page();
        let window = eventually("a window opens", async || {
            let windows = page.windows().await.unwrap();
            windows.into_iter().find(|window| *window != self.window)
        })
        .await;
        Tab::of(self.house, window)
    }

    /// Returns when no other window is there any more.
    pub(crate) async fn is_alone(&self) {
        let page = self.house.chromium.page();
        let windows = async || page.windows().await.unwrap() == std::slice::from_ref(&self.window);
        eventually("there is no other window", async || windows().await.then_some(())).await;
    }

    /// Returns when the window has closed itself.
    pub(crate) async fn is_gone(&self) {
        eventually("the window closes", async || {
            let windows = self.house.chromium.page().windows().await.unwrap();
            (!windows.contains(&self.window)).then_some(())
        })
        .await;
    }
}
