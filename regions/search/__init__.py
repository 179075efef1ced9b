"""Search of places by what people call them: landmarks, zones, streets, crossings and house numbers of the regions."""
