export function registryReadme(text: string, repository: string | undefined): string;
export function repositoryPage(field: string | { url: string } | undefined): string | undefined;
