/** This proxy's version, as package.json has it; a test compares the two. */
export const PROXY_VERSION = '0.1.0';
