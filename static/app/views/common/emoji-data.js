// The emoji to choose from: a few of each kind; what is not here, the keyboard has.

// The key of a group's name, and its emoji.
export const GROUPS = [
  [
    "emoji.faces",
    "😀 😄 😁 😂 🤣 😊 🙂 😉 😍 🥰 😘 😎 🤔 🤨 😐 🙄 😴 😅 😬 😢 😭 😡 😱 🥳 🤗 🤫 🤯 😇 🤒 🙃",
  ],
  ["emoji.gestures", "👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 🤙 👀 🫶 🤷 🙋"],
  ["emoji.hearts", "❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💯 ✨ 🔥 ⭐"],
  ["emoji.nature", "🐶 🐱 🐭 🐻 🐼 🦊 🐸 🐢 🐦 🐝 🌸 🌹 🌳 🍀 ☀️ 🌙 🌈 ❄️"],
  ["emoji.food", "🍎 🍌 🍓 🥑 🍞 🧀 🍕 🍔 🍜 🍣 🍰 🍫 ☕ 🍵 🍺 🍷"],
  ["emoji.doing", "⚽ 🏀 🎾 🏃 🚲 🏊 🎮 🎵 🎸 🎨 📚 🎬 🎉 🎁 ✈️ 🏠"],
  ["emoji.things", "✅ ❌ ❓ ❗ 💡 📌 📎 📅 ⏰ 📞 💻 📷 💬 💰 🔒 🚀"],
].map(([name, emoji]) => ({ name, emoji: emoji.split(" ") }));
