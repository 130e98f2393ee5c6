// Writes what IbInventory reads of the machine it runs on, which for the tests is a guest, as JSON.
using System.Text.Json;
using VhostUser.Transport.Inventory;

Console.WriteLine(JsonSerializer.Serialize(IbInventory.Read()));
