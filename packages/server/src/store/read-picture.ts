/** The picture of a business object as the store keeps it. */
import { emptyPicture, type Picture } from "../kernel/entities/picture.ts";

/** The store wrote it itself; a business object from before there were pictures has none. */
export const readPicture = (text: string | null): Picture =>
  text === null ? emptyPicture : (JSON.parse(text) as Picture);
