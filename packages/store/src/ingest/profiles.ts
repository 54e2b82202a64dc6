import type { WireReader } from "@go3s/telemetry";
import { SignalIngest } from "./signal-ingest.js";

/** ProfilesIngest decodes ExportProfilesServiceRequest. */
export class ProfilesIngest extends SignalIngest {
  constructor() {
    super("profiles");
  }

  protected item(reader: WireReader): void {
    reader.pos = reader.end;
    this.reject("profiles are not read");
  }
}
