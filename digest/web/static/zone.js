// The zone of this browser, for who has not chosen one; the field can be changed, and works without this.
const field = document.querySelector("input[name=zone][data-guess]");
if (field) {
  try {
    field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || field.value;
  } catch {
    // An old browser; what the page suggests stays.
  }
}
