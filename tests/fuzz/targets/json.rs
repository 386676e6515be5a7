//! JSON as RFC 8259 has it, read without the library that the product reads with. Nothing is merged: members stay in
//! their order, the doubled ones among them, and numbers stay text.

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The deepest nesting that [`read`] follows; [`is_deep`] tells inputs apart that go further.
const DEEPEST: usize = 500;

/// Could this be nested more deeply than [`read`] follows?
pub fn is_deep(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() > DEEPEST
}

/// Reads a document; bytes that are not UTF-8 and lone surrogates become U+FFFD.
pub fn read(bytes: &[u8]) -> Option<Json> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader { rest: &text };
    let value = reader.value(0)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

impl Json {
    /// The members of an object.
    pub fn members(&self) -> Option<&[(String, Json)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The values of all members of this name; none where this is no object.
    pub fn all(&self, name: &str) -> Vec<&Json> {
        let members = self.members().unwrap_or_default().iter();
        members.filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// The value of the only member of this name.
    pub fn only(&self, name: &str) -> Option<&Json> {
        match self.all(name)[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Is there a member of this name?
    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// A string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The same as the product's library reads it, the last of doubled members counting?
    pub fn is(&self, value: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(mine), Value::Bool(theirs)) => mine == theirs,
            (Self::Number(mine), Value::Number(theirs)) => {
                mine.parse().is_ok_and(|mine: f64| theirs.as_f64() == Some(mine))
            }
            (Self::Text(mine), Value::String(theirs)) => mine == theirs,
            (Self::List(mine), Value::Array(theirs)) => {
                mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(mine, theirs)| mine.is(theirs))
            }
            (Self::Object(mine), Value::Object(theirs)) => {
                mine.iter().all(|(name, _)| {
                    let last = self.all(name).pop();
                    theirs.get(name).zip(last).is_some_and(|(theirs, mine)| mine.is(theirs))
                }) && theirs.keys().all(|name| self.has(name))
            }
            _ => false,
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        self.blanks();
        match self.rest.bytes().next()? {
            _ if depth > DEEPEST => None,
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.text().map(Json::Text),
            b't' => self.take("true").map(|()| Json::Bool(true)),
            b'f' => self.take("false").map(|()| Json::Bool(false)),
            b'n' => self.take("null").map(|()| Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.take("{")?;
        let mut members = Vec::new();
        self.blanks();
        while self.take("}").is_none() {
            if !members.is_empty() {
                self.take(",")?;
            }
            self.blanks();
            let name = self.text()?;
            self.blanks();
            self.take(":")?;
            members.push((name, self.value(depth + 1)?));
            self.blanks();
        }
        Some(Json::Object(members))
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.take("[")?;
        let mut items = Vec::new();
        self.blanks();
        while self.take("]").is_none() {
            if !items.is_empty() {
                self.take(",")?;
            }
            items.push(self.value(depth + 1)?);
            self.blanks();
        }
        Some(Json::List(items))
    }

    fn text(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut units: Vec<u16> = Vec::new();
        loop {
            let next = self.next()?;
            match next {
                '"' => return Some(String::from_utf16_lossy(&units)),
                '\\' => match self.next()? {
                    'u' => {
                        let hex =
                            self.rest.get(..4).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
                        units.push(u16::from_str_radix(hex, 16).ok()?);
                        self.rest = &self.rest[4..];
                    }
                    escaped => {
                        let names = "\"\\/bfnrt";
                        let place = names.find(escaped)?;
                        units.push(b"\"\\/\x08\x0c\n\r\t"[place].into());
                    }
                },
                '\0'..='\x1f' => return None,
                plain => units.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn number(&mut self) -> Option<Json> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
            }
            None => (number, None),
        };
        let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_number = digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(digits)
            && exponent.is_none_or(digits);
        self.rest = rest;
        is_number.then(|| Json::Number(number.to_owned()))
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn take(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }
}
